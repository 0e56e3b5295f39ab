import type { Redis } from "@upstash/redis/cloudflare";
import { SEEN_WINDOW_SECONDS } from "../contract/limits.ts";
import type { Logger } from "./logger.ts";

/**
 * Remembers which events are already durable. It is a memory, never a lock: an id is written only after the stream or the outbox
 * has acknowledged its event, so a failed publish can never turn into a "duplicate" that nobody stored.
 */
export type Deduper = {
  /** The ids known to be durable. Without an answer in time: none, and the database's key refuses the second row. */
  findSeen(projectId: string, eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Never rejects. */
  markSeen(projectId: string, eventIds: readonly string[]): Promise<void>;
};

export function createRedisDeduper(redis: Redis, logger: Logger): Deduper {
  return {
    async findSeen(projectId, eventIds) {
      try {
        const values = await redis.mget<(string | null)[]>(...keysOf(projectId, eventIds));
        return new Set(eventIds.filter((_, index) => values[index] === "1"));
      } catch (error) {
        logger.warn("seen ids not read: publishing without them", { projectId, error });
        return new Set();
      }
    },

    async markSeen(projectId, eventIds) {
      if (eventIds.length === 0) return;
      const pipeline = redis.pipeline();
      for (const key of keysOf(projectId, eventIds)) {
        pipeline.set(key, "1", { nx: true, ex: SEEN_WINDOW_SECONDS });
      }
      try {
        await pipeline.exec();
      } catch (error) {
        logger.warn("seen ids not written: repeats will reach the database", { projectId, error });
      }
    },
  };
}

function keysOf(projectId: string, eventIds: readonly string[]): string[] {
  return eventIds.map((eventId) => `seen:${projectId}:${eventId}`);
}
