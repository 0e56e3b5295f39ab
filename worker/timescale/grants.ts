import type { Logger } from "../logger.ts";
import type { Executor } from "./database.ts";

/** What the roles of deploy/database-roles.sql may do with what the owner has; nothing else. */
const GRANTS: Readonly<Record<string, Readonly<Record<string, readonly Privilege[]>>>> = {
  /** Stores events, late ones in files too, and answers questions. Erasing, archiving and refreshing are the owner's. */
  sluice_worker: {
    events: ["select", "insert"],
    erasures: ["select"],
    events_hourly: ["select"],
    user_days: ["select"],
    pipeline_progress: ["select", "insert", "update", "delete"],
    pipeline_as_of: ["select"],
    hot_floor: ["select"],
    cold_partitions: ["select", "insert", "update"],
    cold_files: ["select", "insert", "delete"],
  },
  /** What its statements name. */
  sluice_edge: {
    events: ["select"],
    events_hourly: ["select"],
    user_days: ["select"],
    pipeline_as_of: ["select"],
    hot_floor: ["select"],
  },
};

type Privilege = "select" | "insert" | "update" | "delete";

/**
 * Grants what is missing, where the roles are: a table that a migration has made is usable once the migrations are over. To be called by
 * one worker at a time.
 */
export async function grantToRoles(sql: Executor, logger: Logger): Promise<void> {
  const wanted = Object.entries(GRANTS).flatMap(([role, relations]) =>
    Object.entries(relations).flatMap(([relation, privileges]) =>
      privileges.map((privilege) => ({ role, relation, privilege })),
    ),
  );
  // On a hypertable a grant goes through all its chunks.
  const missing = await sql.unsafe<typeof wanted>(
    `select role, relation, privilege
    from json_to_recordset($1::text::json) as wanted(role text, relation text, privilege text)
    where to_regrole(role) is not null and not has_table_privilege(role, to_regclass(relation), privilege)`,
    [JSON.stringify(wanted)],
  );
  for (const { role, relation, privilege } of missing) {
    await sql.unsafe(`grant ${privilege} on ${relation} to ${role}`);
  }
  if (missing.length > 0) {
    const privileges = missing.map(
      ({ role, relation, privilege }) => `${role}: ${privilege} on ${relation}`,
    );
    logger.info({ privileges }, "privileges granted");
  }
}
