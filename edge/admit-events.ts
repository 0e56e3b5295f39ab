import { type EncodedEvent, encodeEvent } from "../contract/envelope.ts";
import { isRejection, parseEvent } from "../contract/event.ts";
import { type IdentityContext, identify } from "../contract/identity.ts";
import { MAX_EVENT_BYTES } from "../contract/limits.ts";
import type { Rejection } from "../contract/rejection.ts";
import type { DecodedEvent } from "./http/decode-events.ts";

/** What becomes of one event of a request, in the order the client sent them. */
export type Admission =
  | { readonly status: "admitted"; readonly encoded: EncodedEvent; readonly isIdAssigned: boolean }
  | { readonly status: "duplicate"; readonly eventId: string }
  | {
      readonly status: "rejected";
      readonly eventId: string | undefined;
      readonly rejection: Rejection;
    };

/** Validates, completes and encodes each event by itself: a bad one never harms its neighbours. */
export function admitEvents(
  decoded: readonly DecodedEvent[],
  context: IdentityContext,
): Admission[] {
  const admittedIds = new Set<string>();
  return decoded.map((event, index) => {
    const admission =
      "rejection" in event ? reject(event.rejection) : admit(event.value, index, context);
    if (admission.status !== "admitted") return admission;
    const eventId = admission.encoded.event.event_id;
    if (admittedIds.has(eventId)) return { status: "duplicate", eventId };
    admittedIds.add(eventId);
    return admission;
  });
}

function admit(value: unknown, index: number, context: IdentityContext): Admission {
  const submitted = parseEvent(value);
  if (isRejection(submitted)) return reject(submitted, claimedId(value));
  const identified = identify(submitted, index, context);
  if ("code" in identified) return reject(identified, submitted.event_id);
  const encoded = encodeEvent(identified.event);
  if (encoded.bytes > MAX_EVENT_BYTES) {
    const detail = `The event takes ${encoded.bytes} bytes as JSON, more than ${MAX_EVENT_BYTES}`;
    return reject({ code: "event_too_large", pointer: "", detail }, submitted.event_id);
  }
  return { status: "admitted", encoded, isIdAssigned: identified.isIdAssigned };
}

function reject(rejection: Rejection, eventId?: string): Admission {
  return { status: "rejected", eventId, rejection };
}

/** The id a client gave to an event that is refused, so that it finds it again. */
function claimedId(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("event_id" in value)) return undefined;
  return typeof value.event_id === "string" ? value.event_id.slice(0, 36) : undefined;
}
