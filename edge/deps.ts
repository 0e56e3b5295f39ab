import type { AppDeps } from "./app.ts";
import type { Bindings } from "./bindings.ts";
import { createNeonDatabase } from "./database.ts";
import { createDeadLetterReader } from "./dead-letter-reader.ts";
import { parseConfig } from "./env.ts";
import { createRedisMemory } from "./event-memory.ts";
import { createEventReader } from "./event-reader.ts";
import { createLogger } from "./logger.ts";
import { createPublisherPool } from "./publisher-pool.ts";
import { createRedisCircuit } from "./redis-circuit.ts";
import { createRedisClient } from "./redis-client.ts";
import { createStatsReader } from "./stats-reader.ts";

/** The only place that builds clients. None of them connects before its first use. */
export function createDeps(bindings: Bindings): AppDeps {
  const config = parseConfig(bindings);
  const logger = createLogger();
  const redis = createRedisClient(config.redis);
  const redisCircuit = createRedisCircuit(logger);
  const publisher = createPublisherPool(bindings.PUBLISHER, config.publisherShards);
  const database = createNeonDatabase(config.database);
  return {
    keySecrets: config.keySecrets,
    logger,
    now: Date.now,
    maxEventAgeMs: config.maxEventAgeMs,
    // A healthy pipeline stores an event within a fraction of a second.
    maxWaitMs: 10_000,
    memory: createRedisMemory({
      redis,
      circuit: redisCircuit,
      timeoutMs: config.redis.timeoutMs,
      policy: config.rateLimit,
    }),
    publisher,
    statsReader: createStatsReader(database),
    eventReader: createEventReader(database),
    deadLetters: config.worker === undefined ? undefined : createDeadLetterReader(config.worker),
    // Through the circuit, so that a probe of readiness closes it also while nobody posts.
    pingRedis: () => redisCircuit.call(() => redis.ping()),
    pingDatabase: () => database.query({ text: "select 1", params: [] }),
    redisCircuit,
    metricsToken: config.metricsToken,
  };
}
