import { createTimescaleDialect } from "../sql/timescale/dialect.ts";
import type { AppDeps } from "./app.ts";
import type { Bindings } from "./bindings.ts";
import { createAnswerCache } from "./cache/answer-cache.ts";
import { createColoCache, type HttpCache } from "./cache/colo-cache.ts";
import { createCoarseGate } from "./coarse-gate.ts";
import { createNeonDatabase } from "./database.ts";
import { createDeadLetterReader } from "./dead-letter-reader.ts";
import { parseConfig } from "./env.ts";
import { createRedisMemory } from "./event-memory.ts";
import { createLimitCounters } from "./limit-counters.ts";
import { createLogger } from "./logger.ts";
import { createPublisherPool } from "./publisher-pool.ts";
import { createRedisBudget } from "./query-budget.ts";
import { createQueryLimiter } from "./query-limiter.ts";
import { createRecentRefusals } from "./recent-refusals.ts";
import { createRedisCircuit } from "./redis-circuit.ts";
import { createRedisClient } from "./redis-client.ts";
import { createRedisRevocations } from "./redis-revocations.ts";
import { createKeeperClient } from "./revocation-keeper.ts";
import { createRevocationList } from "./revocation-list.ts";
import { createStoreReader } from "./store/create-store-reader.ts";
import { pingStore } from "./store/ping-store.ts";
import { createWorkerClient } from "./store/worker-client.ts";

/** The only place that builds clients. None of them connects before its first use. */
export function createDeps(bindings: Bindings): AppDeps {
  const config = parseConfig(bindings);
  const logger = createLogger();
  const redis = createRedisClient(config.redis);
  const redisCircuit = createRedisCircuit(logger);
  const publisher = createPublisherPool(bindings.PUBLISHER, config.publisherShards);
  const database = config.database && createNeonDatabase(config.database);
  const { hasPropertiesIndex } = config;
  const dialect = createTimescaleDialect({ hasPropertiesIndex });
  const worker = config.worker && createWorkerClient(config.worker);
  const coloCache = findColoCache();
  const limitCounters = createLimitCounters();
  const { limitsOf } = config;
  const limited = { redis, circuit: redisCircuit, timeoutMs: config.redis.timeoutMs, limitsOf };
  return {
    keySecrets: config.keySecrets,
    logger,
    now: Date.now,
    revocations: createRevocationList({
      redis: createRedisRevocations({
        redis,
        circuit: redisCircuit,
        timeoutMs: config.redis.timeoutMs,
      }),
      keeper: createKeeperClient(bindings.REVOCATION_KEEPER),
      logger,
      now: Date.now,
      maxAgeMs: config.revocationMaxAgeMs,
      timeoutMs: config.redis.timeoutMs,
    }),
    maxEventAgeMs: config.maxEventAgeMs,
    // A healthy pipeline stores an event within a fraction of a second.
    maxWaitMs: 10_000,
    memory: createRedisMemory(limited),
    refusals: createRecentRefusals(Date.now),
    queries: createQueryLimiter({
      budget: createRedisBudget(limited),
      limitsOf,
      counters: limitCounters,
      now: Date.now,
    }),
    gate: createCoarseGate({
      project: bindings.PROJECT_GATE,
      refusedKeys: bindings.REFUSED_KEYS_GATE,
      counters: limitCounters,
      logger,
      now: Date.now,
    }),
    limitCounters,
    publisher,
    store: createStoreReader(database && { client: database, dialect }, worker),
    worker,
    answers: createAnswerCache({
      now: Date.now,
      shared: coloCache && createColoCache(coloCache, logger),
    }),
    deadLetters: config.worker === undefined ? undefined : createDeadLetterReader(config.worker),
    // Through the circuit, so that a probe of readiness closes it also while nobody posts.
    pingRedis: () => redisCircuit.call(() => redis.ping()),
    pingDatabase: () => pingStore(database, config.worker),
    redisCircuit,
    metricsToken: config.metricsToken,
  };
}

/** Cloudflare's own is there in every Worker; a runtime without one has the isolate's memory alone. */
function findColoCache(): HttpCache | undefined {
  return typeof caches === "undefined" ? undefined : caches.default;
}
