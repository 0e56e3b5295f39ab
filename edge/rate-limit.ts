export type RateLimitPolicy = {
  readonly eventsPerSecond: number;
  /** What a project may send at once after a pause. */
  readonly burstEvents: number;
};

export type RateLimitDecision = {
  readonly isAllowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Until this request would be allowed, or until the budget is whole again. */
  readonly resetSeconds: number;
};

/** `RateLimit` and `RateLimit-Policy` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10). */
export function rateLimitHeaders(decision: RateLimitDecision | undefined): Record<string, string> {
  if (decision === undefined) return {};
  const { limit, remaining, resetSeconds } = decision;
  return {
    "ratelimit-policy": `"events";q=${limit};qu="events"`,
    ratelimit: `"events";r=${remaining};t=${resetSeconds}`,
  };
}
