import type { Event } from "./event.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";

/**
 * What one NATS message carries: events of one project that the edge received together. One message for many events moves about
 * six times as many events a second as a message for each. The project is in the subject.
 */
export type Envelope = {
  readonly v: 1;
  readonly received_at: string;
  readonly request_id: string;
  readonly events: readonly Event[];
};

/** An event with its canonical JSON: encoded once, for the size limit and for the message. */
export type EncodedEvent = { readonly event: Event; readonly json: string; readonly bytes: number };

export function encodeEvent(event: Event): EncodedEvent {
  const json = JSON.stringify(event);
  return { event, json, bytes: Buffer.byteLength(json) };
}

/** Cuts events into runs whose messages stay within {@link MAX_MESSAGE_BYTES}, in order. */
export function splitIntoMessages(events: readonly EncodedEvent[]): EncodedEvent[][] {
  const messages: EncodedEvent[][] = [];
  let current: EncodedEvent[] = [];
  let bytes = HEADER_BYTES;
  for (const event of events) {
    if (current.length > 0 && bytes + event.bytes + 1 > MAX_MESSAGE_BYTES) {
      messages.push(current);
      current = [];
      bytes = HEADER_BYTES;
    }
    current.push(event);
    bytes += event.bytes + 1;
  }
  if (current.length > 0) messages.push(current);
  return messages;
}

/** Room for everything but the events; request ids are at most 200 characters. */
const HEADER_BYTES = 512;

export function encodeEnvelope(
  header: Pick<Envelope, "received_at" | "request_id">,
  events: readonly EncodedEvent[],
): Uint8Array {
  const head = JSON.stringify({ v: 1, ...header }).slice(0, -1);
  return encoder.encode(`${head},"events":[${events.map((event) => event.json).join(",")}]}`);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * Reads a message's payload. The events inside are checked for shape only: the edge validated them, and the database refuses
 * what it cannot hold.
 * @throws {EnvelopeError} when the payload is not an envelope of a version that this code knows.
 */
export function decodeEnvelope(payload: Uint8Array): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch (cause) {
    throw new EnvelopeError("Cannot decode envelope: the payload is not JSON in UTF-8", { cause });
  }
  if (typeof value !== "object" || value === null) {
    throw new EnvelopeError("Cannot decode envelope: the payload is not an object");
  }
  const { v, received_at, events } = value as Partial<Record<keyof Envelope, unknown>>;
  if (v !== 1) throw new EnvelopeError(`Cannot decode envelope: ${describeVersion(v)}`);
  if (typeof received_at !== "string" || !Array.isArray(events)) {
    throw new EnvelopeError("Cannot decode envelope: received_at or events is missing");
  }
  return value as Envelope;
}

/** Quotes a number alone: the reason is logged, and nothing of an event may be. */
function describeVersion(version: unknown): string {
  return typeof version === "number" ? `unknown version ${version}` : "the version is no number";
}

export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
}
