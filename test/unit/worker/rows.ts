import type { Delivery } from "../../../worker/delivery.ts";
import type { EventRow } from "../../../worker/event-row.ts";

/** A row like any other, with some fields set. */
export function createRow(fields: Partial<EventRow> = {}): EventRow {
  const occurredAtMs = fields.occurredAtMs ?? Date.UTC(2026, 0, 1);
  return {
    projectId: "demo",
    eventId: "0190b5a0-0000-7000-8000-000000000001",
    occurredAt: new Date(occurredAtMs).toISOString(),
    occurredAtMs,
    receivedAt: "2026-01-01T00:00:00.000Z",
    eventType: "click",
    userId: "user-1",
    propertiesJson: "{}",
    source: createDelivery({ rows: 0 }),
    ...fields,
  };
}

export function createDelivery(fields: {
  readonly rows: number;
  readonly bytes?: number;
  readonly sequence?: number;
  readonly storedAtMs?: number;
}): Delivery {
  const delivery: Delivery = {
    sequence: fields.sequence ?? 1,
    subject: "events.demo",
    projectId: "demo",
    storedAtMs: fields.storedAtMs ?? 0,
    bytes: fields.bytes ?? 1,
    receivedAt: "2026-01-01T00:00:00.000Z",
    rows: [],
    malformed: [],
  };
  for (let index = 0; index < fields.rows; index += 1) {
    delivery.rows.push(createRow({ source: delivery }));
  }
  return delivery;
}
