import type { DuckDBConnection } from "@duckdb/node-api";
import { queryOn } from "./database.ts";
import { EVENTS_HOURLY, mergeParts, USER_DAYS } from "./rollups.ts";

/**
 * Removes a user's rows, and what they add to the rollups, inside the caller's transaction, and notes when; answers how many events
 * it were.
 *
 * Rows are overwritten before they are deleted. DuckDB marks deleted rows, and leaves their values in the file until their row group is
 * written again; an update makes it write the columns anew at the next checkpoint. All of them, as columns share blocks, and a block with one
 * column still in use is not freed; each to another value, or DuckDB leaves it alone. No project is called ''.
 */
export async function eraseUserRows(
  connection: DuckDBConnection,
  projectId: string,
  userId: string,
  erasedAt: string,
): Promise<number> {
  const run = (text: string) => connection.run(text, [projectId, userId]);
  await connection.run(
    `insert into erasures (project_id, user_id, erased_at) values ($1, $2, $3::timestamp)
    on conflict (project_id, user_id) do update set erased_at = greatest(erased_at, excluded.erased_at)`,
    [projectId, userId, erasedAt],
  );
  await connection.run(
    `create or replace temp table removed as
    select project_id, occurred_at, event_type from events
    where project_id = $1 and user_id = $2 and received_at < $3::timestamp`,
    [projectId, userId, erasedAt],
  );
  await connection.run(
    `update events set
      project_id = '', event_id = uuid(), occurred_at = 'epoch', received_at = 'epoch',
      event_type = '', user_id = '', properties = '{}'
    where project_id = $1 and user_id = $2 and received_at < $3::timestamp`,
    [projectId, userId, erasedAt],
  );
  await connection.run("delete from events where project_id = ''");
  await connection.run(`
    insert into events_hourly_parts (project_id, bucket, event_type, events)
    select project_id, date_trunc('hour', occurred_at), event_type, -count(*) from removed group by all`);
  await mergeParts(connection, EVENTS_HOURLY);

  for (const table of [`${USER_DAYS.name}_merged`, `${USER_DAYS.name}_parts`]) {
    await run(`
      update ${table} set
        project_id = '', bucket = 'epoch', event_type = '', user_id = '', events = 0
      where project_id = $1 and user_id = $2`);
    await connection.run(`delete from ${table} where project_id = ''`);
  }
  // What the edge received after the erasure, by its clock, stays.
  await run(`
    insert into user_days_parts (project_id, bucket, event_type, user_id, events)
    select project_id, date_trunc('day', occurred_at), event_type, user_id, count(*)
    from events where project_id = $1 and user_id = $2
    group by all`);
  const [removed] = await queryOn<{ events: number }>(connection, {
    text: "select count(*) as events from removed",
    params: [],
  });
  await connection.run("drop table removed");
  return removed?.events ?? 0;
}
