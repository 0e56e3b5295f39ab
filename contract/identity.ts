import type { Event, SubmittedEvent } from "./event.ts";
import { MAX_FUTURE_MS } from "./limits.ts";
import type { Rejection } from "./rejection.ts";
import type { Timestamp } from "./timestamp.ts";
import { createUuidV5, createUuidV7, uuidV7EpochMs } from "./uuid.ts";

/** What completes an event's identity besides the event itself. */
export type IdentityContext = {
  readonly projectId: string;
  readonly idempotencyKey: string | undefined;
  readonly receivedAtMs: number;
  readonly maxEventAgeMs: number;
};

export type IdentifiedEvent = { readonly event: Event; readonly isIdAssigned: boolean };

/**
 * Fixes the id and the time of an event, or says why that is impossible. Both are part of a row's identity (the unique key of a
 * hypertable holds the time), so they are fixed once, before the first publish, and derived from nothing that a retry changes.
 */
export function identify(
  submitted: SubmittedEvent,
  index: number,
  context: IdentityContext,
): IdentifiedEvent | Rejection {
  const occurredAt = timeOf(submitted, context);
  if (occurredAt === undefined) {
    return {
      code: "missing_field",
      pointer: "/occurred_at",
      detail:
        "occurred_at is missing: it is needed with an event_id that is not a UUIDv7, and with Idempotency-Key",
    };
  }
  const rejection = checkTime(occurredAt.epochMs, context);
  if (rejection !== undefined) return rejection;
  const { event_type, user_id, properties = {} } = submitted;
  return {
    event: {
      event_id: submitted.event_id ?? makeId(index, context),
      occurred_at: occurredAt.text,
      event_type,
      user_id,
      properties,
    },
    isIdAssigned: isIdAssigned(submitted, context),
  };
}

function isIdAssigned(submitted: SubmittedEvent, context: IdentityContext): boolean {
  return submitted.event_id === undefined && context.idempotencyKey === undefined;
}

function makeId(index: number, context: IdentityContext): string {
  return context.idempotencyKey === undefined
    ? createUuidV7(context.receivedAtMs)
    : createUuidV5(
        IDEMPOTENCY_NAMESPACE,
        `${context.projectId}\n${context.idempotencyKey}\n${index}`,
      );
}

/** A random UUID that only sets these names apart from every other use of UUIDv5. */
const IDEMPOTENCY_NAMESPACE = "5b0d5f0c-6b8e-4a0e-9a57-0f5f2c1f6d3a";

/** The time of receipt stands in only where the id is as new as it: a retry would change both, so neither is an identity lost. */
function timeOf(submitted: SubmittedEvent, context: IdentityContext): Timestamp | undefined {
  if (submitted.occurred_at !== undefined) return submitted.occurred_at;
  const epochMs = isIdAssigned(submitted, context)
    ? context.receivedAtMs
    : uuidV7EpochMs(submitted.event_id ?? "");
  return epochMs === undefined ? undefined : { text: new Date(epochMs).toISOString(), epochMs };
}

function checkTime(epochMs: number, context: IdentityContext): Rejection | undefined {
  const pointer = "/occurred_at";
  const aheadMs = epochMs - context.receivedAtMs;
  if (aheadMs > MAX_FUTURE_MS) {
    const now = new Date(context.receivedAtMs).toISOString();
    const detail = `occurred_at is more than ${MAX_FUTURE_MS / 60_000} minutes ahead of ${now}`;
    return { code: "occurred_at_in_future", pointer, detail };
  }
  if (-aheadMs > context.maxEventAgeMs) {
    const detail = `occurred_at is more than ${context.maxEventAgeMs / 86_400_000} days back`;
    return { code: "occurred_at_too_old", pointer, detail };
  }
  return undefined;
}
