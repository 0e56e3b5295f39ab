import type { Sql } from "../timescale/database.ts";

/**
 * Removes a user from the part of `user_days` that was computed before its events were archived. Nobody reads it, and no refresh may touch
 * it: the events it would be computed from are gone.
 */
export async function eraseFromHistory(sql: Sql, projectId: string, userId: string): Promise<void> {
  const [extension] = await sql<{ is_there: boolean }[]>`
    select to_regclass('timescaledb_information.continuous_aggregates') is not null as is_there`;
  if (extension?.is_there !== true) return;
  const [aggregate] = await sql<{ name: string }[]>`
    select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) as name
    from timescaledb_information.continuous_aggregates
    where view_schema = current_schema() and view_name = 'user_days'`;
  if (aggregate === undefined) return;
  await sql.unsafe(
    `delete from ${aggregate.name}
    where project_id = $1 and user_id = $2 and bucket < (select floor from hot_floor)`,
    [projectId, userId],
  );
}
