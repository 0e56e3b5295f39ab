import type { UnwrappedLetter } from "../contract/dead-letter.ts";
import type { KeyClaims, KeyScope } from "../contract/key.ts";
import type { Receipt } from "../contract/receipt.ts";
import type { DeadLetterReader } from "./dead-letter-reader.ts";
import { delay } from "./delay.ts";
import { ProblemError } from "./http/problem.ts";
import type { Logger } from "./logger.ts";
import type { EventMemory } from "./redis/event-memory.ts";
import type { StoreReader } from "./store/store-reader.ts";

export type ReceiptDeps = {
  readonly store: Pick<StoreReader, "findEvent">;
  readonly memory: Pick<EventMemory, "isSeen">;
  /** Undefined where the edge is not given the worker's address: no event is called dead then. */
  readonly deadLetters: Pick<DeadLetterReader, "find"> | undefined;
  readonly logger: Logger;
};

/** Longer than an event's mark takes to reach Redis after its 202. */
const MARK_ON_ITS_WAY_MS = 100;

/** Who asks. */
type Asker = Pick<KeyClaims, "projectId" | "scope">;

/**
 * How far an event has come: the store knows what is stored, the worker what is dead, Redis what was accepted lately. Only when all
 * of them have answered is an event said not to exist. Why an event is dead is told to an administrator alone.
 * @throws {ProblemError} `not-found`, or `store-unavailable` when one that could know the event did not answer.
 */
export async function findReceipt(
  asker: Asker,
  eventId: string,
  deps: ReceiptDeps,
): Promise<Receipt> {
  const first = await look(asker, eventId, deps);
  if (first.receipt !== undefined) return first.receipt;
  await delay(MARK_ON_ITS_WAY_MS);
  const { receipt, asOf } = await look(asker, eventId, deps);
  if (receipt !== undefined) return receipt;
  throw new ProblemError("not-found", {
    detail: `No event ${eventId} is stored, dead or lately accepted`,
    extensions: { as_of: asOf },
  });
}

type Look = { readonly receipt: Receipt | undefined; readonly asOf: string | null };

async function look(
  { projectId, scope }: Asker,
  eventId: string,
  deps: ReceiptDeps,
): Promise<Look> {
  const { events, asOf } = await deps.store.findEvent(projectId, eventId);
  const [event, ...others] = events;
  if (event !== undefined) {
    const more = others.length === 0 ? {} : { others };
    return { receipt: { event_id: eventId, status: "stored", event, ...more }, asOf };
  }
  const [letter, isSeen] = await Promise.allSettled([
    deps.deadLetters?.find(projectId, eventId),
    deps.memory.isSeen(projectId, eventId),
  ]);
  if (letter.status === "fulfilled" && letter.value !== undefined) {
    return { receipt: toDeadReceipt(eventId, letter.value, scope), asOf };
  }
  // Without the worker's answer this is the last that is known, and still true: it was accepted.
  if (isSeen.status === "fulfilled" && isSeen.value) {
    return { receipt: { event_id: eventId, status: "accepted" }, asOf };
  }
  for (const answer of [letter, isSeen]) {
    if (answer.status === "rejected") throw cannotTell(answer.reason);
  }
  return { receipt: undefined, asOf };
}

/** The reason quotes the database, and values of the event. */
function toDeadReceipt(
  eventId: string,
  { reason, failed_at }: UnwrappedLetter,
  scope: KeyScope,
): Receipt {
  const receipt = { event_id: eventId, status: "dead", failed_at } as const;
  return scope === "a" ? { ...receipt, reason } : receipt;
}

function cannotTell(cause: unknown): ProblemError {
  return new ProblemError("store-unavailable", {
    detail: "The event is not stored, and whether it was accepted cannot be told now: ask again",
    headers: { "retry-after": "2" },
    cause,
  });
}
