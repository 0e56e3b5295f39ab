import type { EventMemory, MemoryAnswer } from "../redis/event-memory.ts";
import type { LimitCounters } from "./limit-counters.ts";
import type { LocalLimits } from "./local-limits.ts";
import { isAllowed, type LimitsOf } from "./rate-limit.ts";
import { limitExceeded } from "./rate-limit-error.ts";
import type { RecentRefusals } from "./recent-refusals.ts";

export type IngestLimitDeps = {
  readonly memory: Pick<EventMemory, "admit">;
  readonly limitsOf: LimitsOf;
  readonly localLimits: LocalLimits;
  readonly refusals: RecentRefusals;
  readonly limitCounters: Pick<LimitCounters, "countUnchecked">;
  readonly now: () => number;
};

const ADVICE = "nothing of this request was stored. Send the same body again later";

/**
 * Before a request's body is read: asks nobody.
 * @throws {RateLimitError} while no request of the project can be accepted.
 */
export function refuseEarly(
  projectId: string,
  { refusals }: Pick<IngestLimitDeps, "refusals">,
): void {
  const refusal = refusals.find(projectId);
  if (refusal !== undefined) throw limitExceeded(refusal, ADVICE);
}

/**
 * Takes a request from its project's limits, or from this isolate's while Redis does not answer, and tells which of its events are known.
 * @throws {RateLimitError} with nothing taken.
 */
export async function takeFromLimits(
  projectId: string,
  eventIds: readonly string[],
  { memory, limitsOf, localLimits, refusals, limitCounters, now }: IngestLimitDeps,
): Promise<MemoryAnswer> {
  const askedMs = now();
  const answer = await memory.admit(projectId, eventIds);
  const decision =
    answer.rateLimit ?? localLimits.takeEvents(projectId, limitsOf(projectId), eventIds.length);
  if (!isAllowed(decision)) {
    refusals.remember(projectId, decision, askedMs);
    throw limitExceeded(decision, ADVICE);
  }
  if (answer.rateLimit === undefined) limitCounters.countUnchecked("ingest");
  return answer;
}
