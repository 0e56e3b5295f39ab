import {
  type LimitState,
  type ProjectLimits,
  type Rate,
  type RateLimitDecision,
  windowSecondsOf,
} from "./rate-limit.ts";

/**
 * The limits as this isolate alone can keep them, for while Redis does not answer: by what it let pass itself. That is never more than
 * what all isolates let pass, so nobody within the limits is refused; but who floods one isolate is held, also when it is the flood that
 * keeps Redis from answering. Quotas are not kept: they are of all isolates.
 */
export type LocalLimits = {
  /** Takes a request with so many events, or nothing. */
  takeEvents(projectId: string, limits: ProjectLimits, count: number): RateLimitDecision;
  /** Takes a question, or nothing. */
  takeUnits(projectId: string, limits: ProjectLimits, units: number): RateLimitDecision;
};

/** What a bucket held at a time. */
type Level = { readonly left: number; readonly atMs: number };
type Want = Pick<LimitState, "name" | "unit"> & {
  readonly rate: Rate;
  readonly cost: number;
};

const MAX_BUCKETS = 5_000;

export function createLocalLimits(now: () => number): LocalLimits {
  const levels = new Map<string, Level>();

  return {
    takeEvents: (projectId, { events, requests }, count) =>
      take(projectId, [
        { name: "events", unit: "events", rate: events, cost: count },
        { name: "requests", unit: "requests", rate: requests, cost: 1 },
      ]),
    takeUnits: (projectId, { queryUnits }, units) =>
      take(projectId, [{ name: "queries", unit: "query-units", rate: queryUnits, cost: units }]),
  };

  function take(projectId: string, wants: readonly Want[]): RateLimitDecision {
    const found = wants.map((want) => ({ want, left: leftOf(`${projectId} ${want.name}`, want) }));
    const isAllowed = found.every(({ want, left }) => left >= want.cost);
    if (levels.size >= MAX_BUCKETS) levels.clear();
    return found.map(({ want, left }) => {
      const rest = isAllowed ? left - want.cost : left;
      if (isAllowed) levels.set(`${projectId} ${want.name}`, { left: rest, atMs: now() });
      return toState(want, rest, left < want.cost);
    });
  }

  function leftOf(key: string, { rate }: Want): number {
    const level = levels.get(key);
    if (level === undefined) return rate.burst;
    const idleMs = Math.max(0, now() - level.atMs);
    return Math.min(rate.burst, level.left + (idleMs * rate.perSecond) / 1_000);
  }
}

function toState({ name, unit, rate, cost }: Want, left: number, isExceeded: boolean): LimitState {
  const wanted = isExceeded ? cost : rate.burst;
  return {
    name,
    unit,
    quota: rate.burst,
    windowSeconds: windowSecondsOf(rate),
    remaining: Math.floor(left),
    resetMs: Math.ceil((Math.max(0, wanted - left) * 1_000) / rate.perSecond),
    isExceeded,
  };
}
