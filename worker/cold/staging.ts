import type { DuckDBConnection } from "@duckdb/node-api";
import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import type { EventRow } from "../event-row.ts";

/** A row on its way into a file, each column as text that DuckDB reads. */
export type StagedRow = Pick<
  EventRow,
  "projectId" | "eventId" | "occurredAt" | "receivedAt" | "eventType" | "userId" | "propertiesJson"
>;

/** What stands in `from`: the rows of the staging table with the types of a file. */
export const STAGED = `(
  select
    project_id, event_id::uuid as event_id, occurred_at::timestamp as occurred_at, received_at::timestamp as received_at,
    event_type, user_id, properties, place
  from staged_text
)`;

/** Lends a connection with an empty staging table, which nobody else sees. */
export function withStaging<T>(
  pool: ConnectionPool,
  signal: AbortSignal | undefined,
  action: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  return pool.withConnection(signal, async (connection) => {
    // Text alone: DuckDB converts a column in one go, where the appender would be handed a value object for each field.
    await connection.run(`create or replace temp table staged_text (
      project_id varchar, event_id varchar, occurred_at varchar, received_at varchar, event_type varchar, user_id varchar,
      properties varchar, place integer
    )`);
    try {
      return await action(connection);
    } finally {
      await connection.run("drop table temp.staged_text");
    }
  });
}

/** `place` counts from `firstPlace` in the order of the rows. */
export async function stageRows(
  connection: DuckDBConnection,
  rows: readonly StagedRow[],
  firstPlace = 0,
): Promise<void> {
  const appender = await connection.createAppender("staged_text", undefined, "temp");
  let place = firstPlace;
  for (const row of rows) {
    appender.appendVarchar(row.projectId);
    appender.appendVarchar(row.eventId);
    appender.appendVarchar(row.occurredAt);
    appender.appendVarchar(row.receivedAt);
    appender.appendVarchar(row.eventType);
    appender.appendVarchar(row.userId);
    appender.appendVarchar(row.propertiesJson);
    appender.appendInteger(place);
    appender.endRow();
    place += 1;
  }
  appender.closeSync();
}

export async function clearStaging(connection: DuckDBConnection): Promise<void> {
  await connection.run("truncate temp.staged_text");
}
