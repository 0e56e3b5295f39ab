import type { EventWriter } from "../engine.ts";
import type { EventRow } from "../event-row.ts";
import type { StoreMeter } from "../metrics/store-metrics.ts";
import type { ClickHouse } from "./database.ts";
import { createErasedUsers } from "./erased-users.ts";
import type { Schema } from "./schema.ts";

/**
 * One insert a batch. `inserted` counts repeats too: that they are some is found out when parts are merged, or when they are read.
 * A batch that is sent again as it was is recognised by its content (`*_deduplication_window`) and makes no new part.
 */
export function createClickHouseWriter(
  clickHouse: ClickHouse,
  schema: Schema,
  meter?: Pick<StoreMeter, "inserted">,
): EventWriter {
  const erasedUsers = createErasedUsers(clickHouse, schema);
  return {
    async write(rows) {
      const erased = await erasedUsers.findErased(rows);
      if (erased.size > 0) await erasedUsers.removeStored(erased.values());
      const kept = erased.size === 0 ? rows : rows.filter((row) => !erased.has(row));
      if (kept.length === 0) return { inserted: 0 };
      const beganMs = performance.now();
      await clickHouse.insert("events", COLUMNS, kept.map(toValues));
      meter?.inserted("clickhouse", (performance.now() - beganMs) / 1_000);
      const erasedMeanwhile = await erasedUsers.findErased(kept);
      await erasedUsers.removeStored(erasedMeanwhile.values());
      return { inserted: kept.length - erasedMeanwhile.size };
    },
  };
}

const COLUMNS = [
  "project_id",
  "event_id",
  "occurred_at",
  "received_at",
  "event_type",
  "user_id",
  "properties",
] as const;

function toValues(row: EventRow): string[] {
  return [
    row.projectId,
    row.eventId,
    row.occurredAt,
    row.receivedAt,
    row.eventType,
    row.userId,
    row.propertiesJson,
  ];
}
