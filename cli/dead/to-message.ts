import { createHash } from "node:crypto";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import { encodeEnvelope, encodeEvent } from "../../contract/envelope.ts";
import type { Event } from "../../contract/event.ts";
import type { StoredLetter } from "./filter.ts";

export type ReplayMessage = {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly messageId: string;
};

/** What goes back into the stream for a dead letter, or why nothing can: the event as it was, or `mended` in its place. */
export function toMessage(stored: StoredLetter, mended?: Event): ReplayMessage | string {
  const { letter } = stored;
  const payload =
    mended === undefined ? payloadOf(stored) : encodeEvents(stored, encodeEvent(mended));
  if (typeof payload === "string") return payload;
  if (!/^events\.[^\s*>]+$/.test(letter.subject))
    return "it does not name the subject it came from";
  return {
    subject: letter.subject,
    payload,
    messageId: messageIdOf(stored.position, letter, payload),
  };
}

function payloadOf(stored: StoredLetter): Uint8Array | string {
  const { event, payload_base64, payload_is_cut } = stored.letter;
  if (payload_is_cut) return "its payload was too large for a dead letter and was cut";
  if (payload_base64 !== undefined) return Buffer.from(payload_base64, "base64");
  if (event === undefined) return "it holds no event";
  // Whatever it is: the worker tells again what is wrong with it.
  return encodeEvents(stored, encodeEvent(event as Event));
}

function encodeEvents(
  { position, letter }: StoredLetter,
  event: ReturnType<typeof encodeEvent>,
): Uint8Array {
  const received_at = letter.received_at ?? letter.failed_at;
  return encodeEnvelope({ received_at, request_id: `dead-${position}` }, [event]);
}

/**
 * The same for every attempt with this letter. Its content is part of it, since a stream that was deleted and made anew counts its
 * positions from 1 again, and another letter must not be taken for this one.
 */
function messageIdOf(position: number, { subject }: DeadLetter, payload: Uint8Array): string {
  const digest = createHash("sha256").update(`${subject}\n`).update(payload).digest("hex");
  return `dead-${position}-${digest.slice(0, 16)}`;
}
