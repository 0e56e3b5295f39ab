import type { DuckDBConnection } from "@duckdb/node-api";
import type { EventRow } from "../event-row.ts";
import { queryOn } from "./database.ts";

/**
 * Inserts the rows that are not there yet, inside the caller's transaction; answers how many. The texts are appended to a temporary
 * table (2.5 to 4.5 µs of Node a row; lists as parameters take 6 to 10, JSON 12), and become values in one statement.
 */
export async function insertBatch(
  connection: DuckDBConnection,
  rows: readonly EventRow[],
): Promise<number> {
  await connection.run(CREATE_INCOMING);
  await append(connection, rows);
  await connection.run(STORE_NEW);
  const [row] = await queryOn<{ inserted: number }>(connection, COUNT_NEW);
  return row?.inserted ?? 0;
}

const CREATE_INCOMING = `
  create or replace temp table incoming (
    project_id varchar, event_id varchar, occurred_at varchar, received_at varchar,
    event_type varchar, user_id varchar, properties varchar
  )`;

// `stored` begins with the rows of `events`, so that the batch is the smaller side of the join: its least and greatest values then leave
// out the row groups of other times.
const STORE_NEW = `
  create or replace temp table batch as
    select distinct on (project_id, event_id, occurred_at) *
    from (
      select
        project_id, event_id::uuid as event_id, occurred_at::timestamp as occurred_at,
        received_at::timestamp as received_at, event_type, user_id, properties::json as properties
      from incoming
    ) as parsed
    where not exists (
      select 1 from erasures
      where
        erasures.project_id = parsed.project_id and erasures.user_id = parsed.user_id
        and erasures.erased_at > parsed.received_at
    );

  create or replace temp table new_events as
    with stored as (
      select events.project_id, events.event_id, events.occurred_at
      from events join batch
        on events.project_id = batch.project_id and events.event_id = batch.event_id
        and events.occurred_at = batch.occurred_at
    )
    select batch.* from batch anti join stored using (project_id, event_id, occurred_at);

  insert into events (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
    select project_id, event_id, occurred_at, received_at, event_type, user_id, properties from new_events;
  insert into events_hourly_parts (project_id, bucket, event_type, events)
    select project_id, date_trunc('hour', occurred_at), event_type, count(*) from new_events group by all;
  insert into user_days_parts (project_id, bucket, event_type, user_id, events)
    select project_id, date_trunc('day', occurred_at), event_type, user_id, count(*) from new_events group by all`;

const COUNT_NEW = { text: "select count(*) as inserted from new_events", params: [] };

async function append(connection: DuckDBConnection, rows: readonly EventRow[]): Promise<void> {
  const appender = await connection.createAppender("incoming", "main", "temp");
  for (const row of rows) {
    appender.appendVarchar(row.projectId);
    appender.appendVarchar(row.eventId);
    appender.appendVarchar(row.occurredAt);
    appender.appendVarchar(row.receivedAt);
    appender.appendVarchar(row.eventType);
    appender.appendVarchar(row.userId);
    appender.appendVarchar(row.propertiesJson);
    appender.endRow();
  }
  appender.closeSync();
}
