/** What may be spent: `perSecond` for ever, `burst` at once after a pause. */
export type Rate = { readonly perSecond: number; readonly burst: number };

/** Everything that limits one project. */
export type ProjectLimits = {
  readonly events: Rate;
  /** Requests that post events. */
  readonly requests: Rate;
  /** What a question costs is told by contract/query-cost.ts. */
  readonly queryUnits: Rate;
  /** Of a UTC day. Undefined: as many as the rates let through. */
  readonly eventsPerDay: number | undefined;
  readonly requestsPerDay: number | undefined;
  /** Questions at the store at once, of each isolate. */
  readonly concurrentQueries: number;
};

export type LimitsOf = (projectId: string) => ProjectLimits;

/** What a 429 says was exceeded, and what metrics count it by. */
export const LIMIT_NAMES = [
  "events",
  "requests",
  "events-per-day",
  "requests-per-day",
  "queries",
  "concurrent-queries",
  "project-gate",
  "refused-keys",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** One of a project's limits as a request met it. */
export type LimitState = {
  readonly name: LimitName;
  readonly unit: "events" | "requests" | "query-units";
  /** So many units in so many seconds. */
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until this request would be allowed; where it was not refused by this limit, until that is whole again. */
  readonly resetMs: number;
  readonly isExceeded: boolean;
};

/** All limits that a request was measured by. One that is exceeded refuses it, and then it has taken from none. */
export type RateLimitDecision = readonly LimitState[];

export function isAllowed(decision: RateLimitDecision): boolean {
  return !decision.some(({ isExceeded }) => isExceeded);
}

/** How long an empty bucket takes to be full. */
export function windowSecondsOf({ perSecond, burst }: Rate): number {
  return Math.max(1, Math.ceil(burst / perSecond));
}

/** `RateLimit` and `RateLimit-Policy` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10), an item for each limit. */
export function rateLimitHeaders(decision: RateLimitDecision): Record<string, string> {
  const policies = decision.map(
    ({ name, quota, windowSeconds, unit }) =>
      `"${name}";q=${quota};w=${windowSeconds};qu="${unit}"`,
  );
  const states = decision.map(
    ({ name, remaining, resetMs }) => `"${name}";r=${remaining};t=${toSeconds(resetMs)}`,
  );
  return { "ratelimit-policy": policies.join(", "), ratelimit: states.join(", ") };
}

/** Rounded up: whoever waits so long does not come too early. */
export function toSeconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}
