import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { pino } from "pino";
import type { Sql } from "postgres";
import { toStatsData } from "../../contract/stats-answer.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";
import type { StatsRow } from "../../contract/stats-row.ts";
import { compileStats } from "../../sql/timescale/compile-stats.ts";
import { createTimescaleDialect } from "../../sql/timescale/dialect.ts";
import type { ProgressRow } from "../../sql/timescale/with-progress.ts";
import { encodeColumns, insertByUnnest } from "../../worker/timescale/insert-by-unnest.ts";
import { migrate } from "../../worker/timescale/migrate.ts";
import { toRows } from "./naive-rows.ts";
import type { NaiveEvent } from "./naive-stats.ts";

/** The schema as the worker makes it on a PostgreSQL without TimescaleDB. */
export async function createEventTables(sql: Sql): Promise<void> {
  const logger = pino({ level: "silent" });
  await migrate(sql, "none", { chunkIntervalDays: 7, logger });
}

/** What a worker reports of its progress. */
export async function reportAsOf(sql: Sql, asOf: string): Promise<void> {
  await sql`
    insert into pipeline_progress (worker_id, as_of, updated_at) values ('w1', ${asOf}, now())
    on conflict (worker_id) do update set as_of = excluded.as_of
  `;
}

/** Loads events as a client sends them, one a line, gzipped. */
export async function loadNdjson(sql: Sql, path: string, projectId: string): Promise<void> {
  await sql`create table lines (line text)`;
  // No JSON text holds these characters, so that a line is one field whatever is in it.
  const lines = await sql`
    copy lines from stdin with (format csv, quote e'\x01', delimiter e'\x02')
  `.writable();
  await pipeline(createReadStream(path), createGunzip(), lines);
  await sql`
    insert into events
      (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
    select ${projectId}, (event->>'event_id')::uuid, (event->>'occurred_at')::timestamptz, now(),
      event->>'event_type', event->>'user_id', (event->'properties')::jsonb
    from (select line::json as event from lines) as parsed
  `;
  await sql`drop table lines`;
  await sql`analyze events`;
}

export async function readRows(sql: Sql, projectId: string, query: StatsQuery) {
  const { text, params, sources } = compileStats(query, projectId, createTimescaleDialect());
  const [row] = await sql.unsafe<ProgressRow[]>(text, [...params]);
  return { rows: row?.data as StatsRow[], asOf: row?.as_of, sources };
}

export async function readData(sql: Sql, projectId: string, query: StatsQuery, asOfMs: number) {
  const { rows } = await readRows(sql, projectId, query);
  return toStatsData(query, rows, asOfMs);
}

/** As the worker writes them. */
export async function insertEvents(
  sql: Sql,
  projectId: string,
  events: readonly NaiveEvent[],
): Promise<void> {
  if (events.length > 0) await insertByUnnest(sql, encodeColumns(toRows(projectId, events)));
}
