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
  /**
   * Remembers durable events, with the next request or after {@link MARK_DELAY_MS}. Resolves when that is done or another call has
   * taken it over; never rejects.
   */
  markSeen(projectId: string, eventIds: readonly string[]): Promise<void>;
  /** Whether the event became durable lately. Rejects when Redis does not answer. */
  isSeen(projectId: string, eventId: string): Promise<boolean>;
};

/** How long marks wait for a request to carry them before they make a round trip of their own. */
const MARK_DELAY_MS = 20;
const MAX_MARKS_PER_CALL = 5_000;

export function createRedisMemory(
  redis: Redis,
  policy: RateLimitPolicy,
  logger: Logger,
): EventMemory {
  let unwrittenMarks: string[] = [];
  /** When the call that waits for others' marks writes them. A time, not a flag: a call that is cut off blocks no later one. */
  let flushAtMs = 0;

  function takeMarks(): string[] {
    const taken = unwrittenMarks.slice(0, MAX_MARKS_PER_CALL);
    unwrittenMarks = unwrittenMarks.slice(MAX_MARKS_PER_CALL);
    return taken;
  }

  return {
    async admit(projectId, eventIds) {
      const keys = [`limit:${projectId}`, ...seenKeys(projectId, eventIds), ...takeMarks()];
      const { eventsPerSecond, burstEvents } = policy;
      const args = [eventsPerSecond, burstEvents, eventIds.length, SEEN_WINDOW_SECONDS].map(String);
      try {
        const answer = await runRedisScript(redis, ADMISSION_SCRIPT, keys, args);
        const [allowed, remaining, resetMs, ...positions] = parseAdmission(answer);
        return {
          rateLimit: {
            isAllowed: allowed === 1,
            limit: burstEvents,
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
      unwrittenMarks.push(...seenKeys(projectId, eventIds));
      if (Date.now() < flushAtMs) return;
      flushAtMs = Date.now() + MARK_DELAY_MS;
      await delay(MARK_DELAY_MS);
      try {
        while (unwrittenMarks.length > 0) {
          await runRedisScript(redis, MARK_SEEN_SCRIPT, takeMarks(), [String(SEEN_WINDOW_SECONDS)]);
        }
      } catch (error) {
        logger.warn("redis did not answer: repeats will reach the database", { error });
      }
    },

    async isSeen(projectId, eventId) {
      return (await redis.exists(...seenKeys(projectId, [eventId]))) === 1;
    },
  };
}

/** @throws when something other than our script has answered: taken at its word, it might refuse a project for ever. */
function parseAdmission(answer: unknown): [number, number, number, ...number[]] {
  const isAdmission =
    Array.isArray(answer) && answer.length >= 3 && answer.every((part) => Number.isInteger(part));
  if (!isAdmission) {
    throw new TypeError(`Cannot read admission: ${JSON.stringify(answer)?.slice(0, 100)}`);
  }
  return answer as [number, number, number, ...number[]];
}

function seenKeys(projectId: string, eventIds: readonly string[]): string[] {
  return eventIds.map((eventId) => `seen:${projectId}:${eventId}`);
}
