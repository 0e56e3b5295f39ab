/** Where rows are, and how statements reach all nodes. */
export type Schema = {
  readonly database: string;
  readonly cluster: string | undefined;
  /** What `delete` and `alter` take: a Distributed table has no rows of its own. */
  readonly eventsTable: string;
  /** ` on cluster …`, or nothing. */
  readonly onCluster: string;
};

export function createSchema(database: string, cluster: string | undefined): Schema {
  return cluster === undefined
    ? { database, cluster, eventsTable: "events", onCluster: "" }
    : { database, cluster, eventsTable: "events_local", onCluster: ` on cluster '${cluster}'` };
}
