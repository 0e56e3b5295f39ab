import type { AppDeps } from "./app.ts";
import type { Bindings } from "./bindings.ts";
import { parseConfig } from "./env.ts";
import { createRedisMemory } from "./event-memory.ts";
import { createLogger } from "./logger.ts";
import { createPublisherPool } from "./publisher-pool.ts";
import { createRedisClient } from "./redis-client.ts";
import { createNeonStatsReader } from "./stats-reader.ts";

/** The only place that builds clients. None of them connects before its first use. */
export function createDeps(bindings: Bindings): AppDeps {
  const config = parseConfig(bindings);
  const logger = createLogger();
  const redis = createRedisClient(config.redis);
  const publisher = createPublisherPool(bindings.PUBLISHER, config.publisherShards);
  const statsReader = createNeonStatsReader(config.database);
  return {
    keySecrets: config.keySecrets,
    logger,
    now: Date.now,
    maxEventAgeMs: config.maxEventAgeMs,
    memory: createRedisMemory(redis, config.rateLimit, logger),
    publisher,
    statsReader,
    readinessChecks: {
      redis: () => redis.ping(),
      stream: () => publisher.ping({}),
      database: () => statsReader.ping(),
    },
  };
}
