import type { EventRow } from "../event-row.ts";
import { encodeArrayLiteral } from "./array-literal.ts";
import type { Executor } from "./database.ts";

type Column = Exclude<keyof EventRow, "source" | "occurredAtMs">;
export type EncodedColumns = Readonly<Record<Column, string>>;

export function encodeColumns(rows: readonly EventRow[]): EncodedColumns {
  const encode = (column: Column) => encodeArrayLiteral(rows.map((row) => row[column]));
  return {
    projectId: encode("projectId"),
    eventId: encode("eventId"),
    occurredAt: encode("occurredAt"),
    receivedAt: encode("receivedAt"),
    eventType: encode("eventType"),
    userId: encode("userId"),
    propertiesJson: encode("propertiesJson"),
  };
}

/** One statement with an array for each column. Answers how many rows were new. */
export async function insertByUnnest(sql: Executor, columns: EncodedColumns): Promise<number> {
  const result = await sql`
    insert into events (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
    select
      project_id, event_id::uuid, occurred_at::timestamptz, received_at::timestamptz, event_type, user_id,
      properties::jsonb
    from unnest(
      ${columns.projectId}::text[], ${columns.eventId}::text[], ${columns.occurredAt}::text[],
      ${columns.receivedAt}::text[], ${columns.eventType}::text[], ${columns.userId}::text[],
      ${columns.propertiesJson}::text[]
    ) as rows(project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
    where not exists (
      select from erasures
      where erasures.project_id = rows.project_id and erasures.user_id = rows.user_id
        and rows.received_at::timestamptz < erasures.erased_at
    )
    on conflict do nothing`;
  return result.count;
}
