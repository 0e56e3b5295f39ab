import { Ratelimit } from "@upstash/ratelimit";
import type { Redis } from "@upstash/redis/cloudflare";
import type { Logger } from "./logger.ts";

export type RateLimitDecision = {
  readonly isAllowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
};

export type RateLimiter = {
  /** Takes `events` from the project's budget. Without an answer in time it allows, and tells no figures. */
  take(projectId: string, events: number): Promise<RateLimitDecision | undefined>;
};

export type RateLimitOptions = {
  readonly eventsPerSecond: number;
  readonly burstEvents: number;
  readonly timeoutMs: number;
};

/** A token bucket for each project, exact over all regions, since it stands in Redis. */
export function createRedisRateLimiter(
  redis: Redis,
  options: RateLimitOptions,
  logger: Logger,
): RateLimiter {
  const ratelimit = new Ratelimit({
    redis,
    prefix: "limit",
    limiter: Ratelimit.tokenBucket(options.eventsPerSecond, "1 s", options.burstEvents),
    // The isolate's memory of "blocked" would refuse one event because a batch of 5,000 did not fit.
    ephemeralCache: false,
    timeout: options.timeoutMs,
  });
  return {
    async take(projectId, events) {
      try {
        const answer = await ratelimit.limit(projectId, { rate: events });
        if (answer.reason === "timeout") throw new Error("Cannot read rate limit: time-out");
        return {
          isAllowed: answer.success,
          limit: answer.limit,
          remaining: answer.remaining,
          resetSeconds: Math.max(1, Math.ceil((answer.reset - Date.now()) / 1000)),
        };
      } catch (error) {
        logger.warn("rate limit not read: allowing", { projectId, error });
        return undefined;
      }
    },
  };
}

/** `RateLimit` and `RateLimit-Policy` of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10). */
export function rateLimitHeaders(decision: RateLimitDecision | undefined): Record<string, string> {
  if (decision === undefined) return {};
  const { limit, remaining, resetSeconds } = decision;
  return {
    "ratelimit-policy": `"events";q=${limit};qu="events"`,
    ratelimit: `"events";r=${remaining};t=${resetSeconds}`,
  };
}
