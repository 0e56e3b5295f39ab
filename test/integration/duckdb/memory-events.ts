import type { StatsData } from "../../../contract/stats-answer.ts";
import { toStatsData } from "../../../contract/stats-answer.ts";
import type { StatsQuery } from "../../../contract/stats-query.ts";
import type { StatsRow } from "../../../contract/stats-row.ts";
import { duckDbDialect } from "../../../sql/duckdb/dialect.ts";
import { compileRows } from "../../../sql/stats/compile-rows.ts";
import { type DuckDb, openDuckDb } from "../../../worker/duckdb/database.ts";
import type { EventRow } from "../../../worker/event-row.ts";

/** The least in which the shared statements run: a table in memory, and the rollups as views of it. */
export async function openMemoryEvents(): Promise<DuckDb> {
  const database = await openDuckDb({ path: ":memory:", threads: 1 });
  for (const text of SCHEMA) await database.query({ text, params: [] });
  return database;
}

export async function insertRows(database: DuckDb, rows: readonly EventRow[]): Promise<void> {
  if (rows.length === 0) return;
  const params = rows.flatMap((row) => [
    row.projectId,
    row.eventId,
    row.occurredAt,
    row.receivedAt,
    row.eventType,
    row.userId,
    row.propertiesJson,
  ]);
  const places = rows.map((_, row) => {
    const columns = [1, 2, 3, 4, 5, 6, 7].map((column) => `$${row * 7 + column}`);
    return `(${columns.join(", ")})`;
  });
  await database.query({ text: `insert into events values ${places.join(", ")}`, params });
}

export async function readData(
  database: DuckDb,
  projectId: string,
  query: StatsQuery,
  asOfMs: number,
): Promise<StatsData> {
  const statement = compileRows(query, projectId, duckDbDialect);
  return toStatsData(query, await database.query<StatsRow>(statement), asOfMs);
}

const SCHEMA = [
  `create table events (
    project_id varchar, event_id uuid, occurred_at timestamp, received_at timestamp,
    event_type varchar, user_id varchar, properties json
  )`,
  `create view events_hourly as
    select project_id, date_trunc('hour', occurred_at) as bucket, event_type, count(*) as events
    from events group by all`,
  `create view user_days as
    select project_id, date_trunc('day', occurred_at) as bucket, event_type, user_id, count(*) as events
    from events group by all`,
];
