import type { DuckDBConnection } from "@duckdb/node-api";
import { queryOn } from "./database.ts";

/** A view over `<name>_merged` and `<name>_parts`, each row of which is the events of one key. */
export type Rollup = { readonly name: string; readonly key: string };

export const EVENTS_HOURLY: Rollup = {
  name: "events_hourly",
  key: "project_id, bucket, event_type",
};
export const USER_DAYS: Rollup = {
  name: "user_days",
  key: "project_id, bucket, event_type, user_id",
};
export const ROLLUPS: readonly Rollup[] = [EVENTS_HOURLY, USER_DAYS];

/** So few rows are read in a millisecond or two. */
const MIN_PARTS = 100_000;

/**
 * Merges the parts into what was merged of their days before, inside the caller's transaction. Keys without events are left out: parts may
 * be negative.
 */
export async function mergeParts(connection: DuckDBConnection, rollup: Rollup): Promise<void> {
  const { name, key } = rollup;
  await connection.run(`
    create or replace temp table due as
      select distinct project_id, date_trunc('day', bucket) as day from ${name}_parts;
    create or replace temp table merged as
      select ${key}, sum(events)::bigint as events
      from ${name} where ${isOfDueDay(name)}
      group by all
      having sum(events) > 0;
    delete from ${name}_merged where ${isOfDueDay(`${name}_merged`)};
    delete from ${name}_parts;
    insert into ${name}_merged (${key}, events) select ${key}, events from merged order by ${key};
    drop table merged`);
}

/**
 * Whether merging is worth it: when the parts have become many, and at least half as many as the rows of their days that would be
 * written again. So a row is written again a few times at most, and a read looks at half as much again as it must.
 */
export async function isMergeDue(connection: DuckDBConnection, rollup: Rollup): Promise<boolean> {
  const { name } = rollup;
  const count = async (text: string) => {
    const [row] = await queryOn<{ rows: number }>(connection, { text, params: [] });
    return row?.rows ?? 0;
  };
  const parts = await count(`select count(*) as rows from ${name}_parts`);
  if (parts < MIN_PARTS) return false;
  const merged = await count(`
    with due as (
      select distinct project_id, date_trunc('day', bucket) as day from ${name}_parts
    )
    select count(*) as rows from ${name}_merged where ${isOfDueDay(`${name}_merged`)}`);
  return parts >= merged / 2;
}

function isOfDueDay(table: string): string {
  return `exists (
      select 1 from due where due.project_id = ${table}.project_id and due.day = date_trunc('day', ${table}.bucket)
    )`;
}
