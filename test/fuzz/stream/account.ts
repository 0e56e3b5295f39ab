import { isDeepStrictEqual } from "node:util";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import type { Published } from "./publish-plan.ts";

export type Evidence = {
  /** By the sequence of the message that brought them. */
  readonly letters: ReadonlyMap<number, readonly DeadLetter[]>;
  /** Hexadecimal digits of the event ids that have rows, by project. */
  readonly rows: ReadonlyMap<string, ReadonlySet<string>>;
};

/** What is wrong with what became of a message: it is a dead letter as a whole, or each of its events is a row or a dead letter. */
export function accountFor(message: Published, evidence: Evidence): string | undefined {
  const letters = evidence.letters.get(message.sequence) ?? [];
  if (letters.some((letter) => letter.payload_base64 !== undefined)) {
    return letters.length === 1 ? undefined : `it is a dead letter, and ${letters.length - 1} more`;
  }
  const envelope = parseEnvelope(message.payload);
  if (envelope === undefined) return "it is no envelope, and no dead letter";
  const ids = evidence.rows.get(message.plan.project) ?? new Set();
  const events = envelope.events.map(asWritten);
  for (const event of events) {
    const isRow = ids.has(digitsOf(event));
    const isLetter = letters.some((letter) => isDeepStrictEqual(letter.event, event));
    if (!isRow && !isLetter) return `event ${digitsOf(event)} is neither a row nor a dead letter`;
    if (!isRow && isPlain(event) && envelope.received_at === RECEIVED_AT) {
      return `event ${digitsOf(event)} is fine, and a dead letter`;
    }
  }
  return undefined;
}

/** JSON that is written and read once more has no -0, and nothing that is too large. What is nested too deep is in no letter. */
function asWritten(event: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(event));
  } catch {
    return event;
  }
}

export const RECEIVED_AT = "2024-02-29T12:00:01.000Z";
export const OCCURRED_AT = "2024-02-29T12:00:00.000Z";

type Envelope = { readonly received_at: unknown; readonly events: readonly unknown[] };

function parseEnvelope(payload: Buffer): Envelope | undefined {
  try {
    const value = JSON.parse(payload.toString()) as Partial<Envelope> | null;
    return Array.isArray(value?.events) ? (value as Envelope) : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL reads ids with braces and without dashes, too. */
function digitsOf(event: unknown): string {
  const id = (event as { event_id?: unknown } | null)?.event_id;
  return typeof id === "string" ? id.toLowerCase().replace(/[^0-9a-f]/g, "") : "none";
}

/** One that nobody has changed. */
function isPlain(event: unknown): boolean {
  const { event_id, user_id, properties, ...rest } = Object(event) as Record<string, unknown>;
  const { n, ...others } = Object(properties) as Record<string, unknown>;
  return (
    /^[0-9a-f-]{36}$/.test(String(event_id)) &&
    /^u\d$/.test(String(user_id)) &&
    typeof n === "number" &&
    isDeepStrictEqual(rest, { occurred_at: OCCURRED_AT, event_type: "view" }) &&
    isDeepStrictEqual(others, { nested: { list: [1, "two", null] } })
  );
}
