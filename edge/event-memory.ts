import type { Redis } from "@upstash/redis/cloudflare";
import { SEEN_WINDOW_SECONDS } from "../contract/limits.ts";
import { ADMISSION_SCRIPT, MARK_SEEN_SCRIPT } from "./admission-script.ts";
import { delay } from "./delay.ts";
import type { Logger } from "./logger.ts";
import type { RateLimitDecision, RateLimitPolicy } from "./rate-limit.ts";
import { runRedisScript } from "./redis-script.ts";

export type MemoryAnswer = {
  readonly rateLimit: RateLimitDecision | undefined;
  /** The ids known to be durable. */
  readonly seenIds: ReadonlySet<string>;
};

/**
 * What Redis remembers of each project: how much it sent lately, and which events are already durable. `seen` is a memory, never a
 * lock: an id is written only after the stream or the outbox has acknowledged its event, so that a failed publish cannot turn into a
 * "duplicate" that nobody stored. Without an answer in time every event passes, and the database's key refuses second rows.
 */
export type EventMemory = {
  /** Takes the events from the project's rate limit and looks them up. Never rejects. */
  admit(projectId: string, eventIds: readonly string[]): Promise<MemoryAnswer>;
  /** Remembers durable events, soon. Resolves when that is done or another call has taken it over; never rejects. */
  markSeen(projectId: string, eventIds: readonly string[]): Promise<void>;
};

/** How long marks of concurrent requests are collected into one round trip. */
const MARK_DELAY_MS = 5;
const MAX_MARKS_PER_SCRIPT = 5_000;

export function createRedisMemory(
  redis: Redis,
  policy: RateLimitPolicy,
  logger: Logger,
): EventMemory {
  const policyArgs = [String(policy.eventsPerSecond), String(policy.burstEvents)];
  let unmarkedKeys: string[] = [];

  return {
    async admit(projectId, eventIds) {
      const keys = [`limit:${projectId}`, ...seenKeys(projectId, eventIds)];
      try {
        const [allowed, remaining = 0, resetMs = 0, ...positions] = await runRedisScript<number[]>(
          redis,
          ADMISSION_SCRIPT,
          keys,
          policyArgs,
        );
        return {
          rateLimit: {
            isAllowed: allowed === 1,
            limit: policy.burstEvents,
            remaining,
            resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)),
          },
          seenIds: new Set(positions.map((position) => eventIds[position] ?? "")),
        };
      } catch (error) {
        logger.warn("redis did not answer: neither limited nor deduplicated", { projectId, error });
        return { rateLimit: undefined, seenIds: new Set() };
      }
    },

    async markSeen(projectId, eventIds) {
      if (eventIds.length === 0) return;
      const isCollecting = unmarkedKeys.length > 0;
      unmarkedKeys.push(...seenKeys(projectId, eventIds));
      if (isCollecting) return;
      await delay(MARK_DELAY_MS);
      const keys = unmarkedKeys;
      unmarkedKeys = [];
      try {
        for (let start = 0; start < keys.length; start += MAX_MARKS_PER_SCRIPT) {
          const part = keys.slice(start, start + MAX_MARKS_PER_SCRIPT);
          await runRedisScript(redis, MARK_SEEN_SCRIPT, part, [String(SEEN_WINDOW_SECONDS)]);
        }
      } catch (error) {
        logger.warn("redis did not answer: repeats will reach the database", { error });
      }
    },
  };
}

function seenKeys(projectId: string, eventIds: readonly string[]): string[] {
  return eventIds.map((eventId) => `seen:${projectId}:${eventId}`);
}
