import type { RateLimitDecision } from "./rate-limit.ts";

/**
 * Who was refused a moment ago, and would be again. A request counts as one whatever it holds, so when there is not one left, nobody of
 * the project can pass before the time that Redis told: until then its requests are answered without reading their bodies and without
 * asking Redis. Limits in events are no reason: a smaller request may pass.
 */
export type RecentRefusals = {
  /** @param askedMs when Redis was asked, not when it answered: the time that it tells begins in between */
  remember(projectId: string, decision: RateLimitDecision, askedMs: number): void;
  /** The decision that holds for any request of the project now. */
  find(projectId: string): RateLimitDecision | undefined;
};

/** Clocks may jump, limits may be raised, Redis may be emptied: nobody is refused unasked for longer. */
const LONGEST_MS = 1_000;
const MAX_PROJECTS = 1_000;

type Refusal = { readonly decision: RateLimitDecision; readonly untilMs: number };

export function createRecentRefusals(now: () => number): RecentRefusals {
  const refusals = new Map<string, Refusal>();

  return {
    remember(projectId, decision, askedMs) {
      const resets = decision
        .filter(({ unit, isExceeded }) => unit === "requests" && isExceeded)
        .map(({ resetMs }) => resetMs);
      if (resets.length === 0) return;
      // Both clocks count whole milliseconds: one less is never too late.
      const untilMs = askedMs + Math.min(Math.max(...resets) - 1, LONGEST_MS);
      if (refusals.size >= MAX_PROJECTS) refusals.clear();
      refusals.set(projectId, { decision, untilMs });
    },

    find(projectId) {
      const refusal = refusals.get(projectId);
      if (refusal === undefined) return undefined;
      const leftMs = refusal.untilMs - now();
      // A clock that was set back must not lock anybody out.
      if (leftMs > 0 && leftMs <= LONGEST_MS) return refusal.decision;
      refusals.delete(projectId);
      return undefined;
    },
  };
}
