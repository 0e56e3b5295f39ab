import type { EventRow } from "../event-row.ts";
import { encodeCopyText } from "./copy-text.ts";
import type { Executor } from "./database.ts";

export function encodeForCopy(rows: readonly EventRow[]): Buffer {
  return Buffer.from(encodeCopyText(rows));
}

/** Through a staging table, since COPY itself has no `on conflict`. Answers how many rows were new. To be run in a transaction. */
export async function insertByCopy(sql: Executor, encoded: Buffer): Promise<number> {
  // All columns are text: COPY itself can then refuse nothing, and the insert reports a bad row with its own SQLSTATE, which the
  // driver loses for an error that arrives after the end of COPY's data.
  await sql`
    create temporary table if not exists sluice_staging (
      project_id text, event_id text, occurred_at text, received_at text, event_type text, user_id text, properties text
    ) on commit delete rows`;
  const copy = await sql`
    copy sluice_staging (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
    from stdin`.writable();
  await new Promise<void>((resolve, reject) => {
    copy.on("error", reject);
    copy.end(encoded, () => resolve());
  });
  const result = await sql`
    insert into events (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
    select
      project_id, event_id::uuid, occurred_at::timestamptz, received_at::timestamptz, event_type, user_id,
      properties::jsonb
    from sluice_staging
    where not exists (
      select from erasures
      where erasures.project_id = sluice_staging.project_id and erasures.user_id = sluice_staging.user_id
        and sluice_staging.received_at::timestamptz < erasures.erased_at
    )
    on conflict do nothing`;
  return result.count;
}
