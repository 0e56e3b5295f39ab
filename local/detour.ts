/** To which port a connection goes instead of the part's own: a proxy's, which a test puts in between. */
export type Detour = (link: LinkName, port: number) => Promise<number>;

/** Each connection between two parts; in a cluster the edge and the worker have one to each server of it. */
export type LinkName =
  | "edge-redis"
  | "edge-nats"
  | "edge-database"
  | "edge-worker"
  | "upstash-redis"
  | "neon-database"
  | "worker-nats"
  | "worker-database"
  | `${"edge" | "worker"}-nats-${number}`;
