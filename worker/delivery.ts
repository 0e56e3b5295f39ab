import { decodeEnvelope, EnvelopeError } from "../contract/envelope.ts";
import type { Event } from "../contract/event.ts";
import { PROJECT_ID_PATTERN } from "../contract/project.ts";
import { projectOfSubject } from "../contract/stream.ts";
import type { EventRow } from "./event-row.ts";

/** What a delivery needs of a JetStream message. */
export type StreamMessage = {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
  readonly time: Date;
};

/** One delivered message, decoded: the unit that is acknowledged. */
export type Delivery = {
  readonly sequence: number;
  readonly subject: string;
  readonly projectId: string;
  /** When JetStream stored the message, which is before the edge answered 202. */
  readonly storedAtMs: number;
  readonly bytes: number;
  readonly receivedAt: string;
  /** Of the request that brought it, for logs; undefined where the message names none. */
  readonly requestId?: string | undefined;
  readonly rows: EventRow[];
  readonly malformed: MalformedEvent[];
};

/** An event that is not even a row: the database need not be asked. */
export type MalformedEvent = { readonly event: unknown; readonly reason: string };

/**
 * Turns a message into rows. The project is what the subject says.
 * @throws {EnvelopeError} when the message cannot be read at all.
 */
export function decodeDelivery(message: StreamMessage): Delivery {
  const projectId = projectOfSubject(message.subject);
  if (!PROJECT_ID_PATTERN.test(projectId)) {
    throw new EnvelopeError(`Cannot decode envelope: the subject names no project`);
  }
  const { received_at, request_id, events } = decodeEnvelope(message.data);
  if (Number.isNaN(Date.parse(received_at))) {
    throw new EnvelopeError("Cannot decode envelope: received_at is not a date-time");
  }
  const rows: EventRow[] = [];
  const malformed: MalformedEvent[] = [];
  const delivery: Delivery = {
    sequence: message.seq,
    subject: message.subject,
    projectId,
    storedAtMs: message.time.getTime(),
    bytes: message.data.length,
    receivedAt: received_at,
    requestId: isRequestId(request_id) ? request_id : undefined,
    rows,
    malformed,
  };
  for (const event of events) {
    const occurredAtMs = Date.parse(event?.occurred_at);
    const reason = findMalformation(event, occurredAtMs);
    if (reason === undefined) {
      rows.push({
        projectId,
        eventId: event.event_id,
        occurredAt: event.occurred_at,
        occurredAtMs,
        receivedAt: received_at,
        eventType: event.event_type,
        userId: event.user_id,
        propertiesJson: toJson(event.properties),
        source: delivery,
      });
    } else {
      // Its dead letter has to be written.
      toJson(event);
      malformed.push({ event, reason });
    }
  }
  return delivery;
}

/** As the edge makes them: whoever else publishes may put anything there. */
function isRequestId(value: unknown): boolean {
  return typeof value === "string" && /^[\w=-]{1,200}$/.test(value);
}

/** @throws {EnvelopeError} for what was read and cannot be written: some thousand levels deep, as no edge publishes it. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new EnvelopeError("Cannot decode envelope: an event is nested too deep", { cause });
  }
}

/** The event as it was published, for its dead letter. */
export function toEvent(row: EventRow): Event {
  return {
    event_id: row.eventId,
    occurred_at: row.occurredAt,
    event_type: row.eventType,
    user_id: row.userId,
    properties: JSON.parse(row.propertiesJson),
  };
}

function findMalformation(event: Event, occurredAtMs: number): string | undefined {
  if (typeof event !== "object" || event === null) return "the event is not an object";
  if (typeof event.event_id !== "string") return "event_id is not text";
  if (typeof event.occurred_at !== "string" || Number.isNaN(occurredAtMs)) {
    return "occurred_at is not a date-time";
  }
  if (!isStorableText(event.event_type)) return "event_type is not text that can be stored";
  if (!isStorableText(event.user_id)) return "user_id is not text that can be stored";
  const { properties } = event;
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) {
    return "properties is not an object";
  }
  if (event.event_id.includes("\0") || event.occurred_at.includes("\0")) return "holds a NUL";
  return undefined;
}

function isStorableText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0") && value.isWellFormed();
}
