import type { Redis } from "@upstash/redis/cloudflare";
import { SEEN_WINDOW_SECONDS } from "../../contract/limits.ts";
import { delay } from "../delay.ts";
import type { LimitsOf, RateLimitDecision } from "../limits/rate-limit.ts";
import { admissionArgs, readAdmission } from "./admission.ts";
import { ADMISSION_SCRIPT, MARK_SEEN_SCRIPT } from "./admission-script.ts";
import type { RedisCircuit } from "./redis-circuit.ts";
import { type RedisScript, runRedisScript } from "./redis-script.ts";
import { createUnwrittenMarks } from "./unwritten-marks.ts";

export type MemoryAnswer = {
  /** Undefined when Redis did not answer: the events are neither limited nor deduplicated. */
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
  /** Takes a request with these events from the project's limits and looks them up. Never rejects. */
  admit(projectId: string, eventIds: readonly string[]): Promise<MemoryAnswer>;
  /**
   * Remembers durable events, with the next request or after {@link MARK_DELAY_MS}; while Redis is away, once it is back. Resolves
   * when that is done, or another call has taken it over, or Redis is away; never rejects.
   */
  markSeen(projectId: string, eventIds: readonly string[]): Promise<void>;
  /** Whether the event became durable lately. Rejects when Redis does not answer. */
  isSeen(projectId: string, eventId: string): Promise<boolean>;
};

export type RedisMemoryOptions = {
  readonly redis: Redis;
  readonly circuit: RedisCircuit;
  /** Of the client's requests. */
  readonly timeoutMs: number;
  readonly limitsOf: LimitsOf;
};

/** How long marks wait for a request to carry them before they make a round trip of their own. */
const MARK_DELAY_MS = 20;
const MAX_MARKS_PER_CALL = 5_000;
/** Of each isolate, about 12 MB: a hundred seconds at 1,000 events a second. */
const MAX_UNWRITTEN_MARKS = 100_000;

export function createRedisMemory(options: RedisMemoryOptions): EventMemory {
  const { redis, circuit, timeoutMs, limitsOf } = options;
  const unwritten = createUnwrittenMarks(MAX_UNWRITTEN_MARKS);
  /** When the call that waits for others' marks writes them. A time, not a flag: a call that is cut off blocks no later one. */
  let flushAtMs = 0;

  /** Runs a script with marks behind its own keys. They are held again when it fails. */
  async function runWithMarks(script: RedisScript, ownKeys: string[], args: readonly number[]) {
    const marks = unwritten.take(MAX_MARKS_PER_CALL);
    try {
      const keys = [...ownKeys, ...marks];
      return await runRedisScript(redis, { script, keys, args: args.map(String), timeoutMs });
    } catch (error) {
      unwritten.putBack(marks);
      throw error;
    }
  }

  return {
    async admit(projectId, eventIds) {
      const limits = limitsOf(projectId);
      const keys = [`limit:${projectId}`, `quota:${projectId}`, ...seenKeys(projectId, eventIds)];
      try {
        const { decision, seenPositions } = await circuit.call(async () => {
          const args = admissionArgs(limits, eventIds.length);
          return readAdmission(await runWithMarks(ADMISSION_SCRIPT, keys, args), limits);
        });
        const seenIds = seenPositions.map((position) => eventIds[position] ?? "");
        return { rateLimit: decision, seenIds: new Set(seenIds) };
      } catch {
        return { rateLimit: undefined, seenIds: new Set() };
      }
    },

    async markSeen(projectId, eventIds) {
      unwritten.add(seenKeys(projectId, eventIds));
      if (circuit.state !== "closed" || Date.now() < flushAtMs) return;
      flushAtMs = Date.now() + MARK_DELAY_MS;
      await delay(MARK_DELAY_MS);
      try {
        while (unwritten.count > 0) {
          await circuit.call(() => runWithMarks(MARK_SEEN_SCRIPT, [], [SEEN_WINDOW_SECONDS]));
        }
      } catch {
        // They are held for the next request.
      }
    },

    async isSeen(projectId, eventId) {
      const keys = seenKeys(projectId, [eventId]);
      return (await circuit.call(() => redis.exists(...keys))) === 1;
    },
  };
}

function seenKeys(projectId: string, eventIds: readonly string[]): string[] {
  return eventIds.map((eventId) => `seen:${projectId}:${eventId}`);
}
