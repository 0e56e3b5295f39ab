import { randomUUID } from "node:crypto";
import type { Delivery } from "../../worker/delivery.ts";
import type { EventRow } from "../../worker/event-row.ts";
import type { NaiveEvent } from "./naive-stats.ts";

/** Events as rows of one delivered message, each with an id of its own. */
export function toRows(projectId: string, events: readonly NaiveEvent[]): EventRow[] {
  const source: Delivery = {
    sequence: 1,
    subject: `events.${projectId}`,
    projectId,
    storedAtMs: Date.now(),
    bytes: 0,
    receivedAt: new Date().toISOString(),
    rows: [],
    malformed: [],
  };
  return events.map(({ occurredAtMs, eventType, userId, properties = {} }) => ({
    projectId,
    eventId: randomUUID(),
    occurredAt: new Date(occurredAtMs).toISOString(),
    occurredAtMs,
    receivedAt: source.receivedAt,
    eventType,
    userId,
    propertiesJson: JSON.stringify(properties),
    source,
  }));
}
