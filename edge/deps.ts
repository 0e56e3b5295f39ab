import { createTimescaleDialect } from "../sql/timescale/dialect.ts";
import type { AppDeps } from "./app.ts";
import { createAnswerCache } from "./cache/answer-cache.ts";
import { createColoCache } from "./cache/colo-cache.ts";
import { createNeonDatabase } from "./database.ts";
import { createDeadLetterReader } from "./dead-letter-reader.ts";
import type { Config } from "./env.ts";
import { createRedisRevocations } from "./keys/redis-revocations.ts";
import { createRevocationList } from "./keys/revocation-list.ts";
import { createCoarseGate } from "./limits/coarse-gate.ts";
import { createLimitCounters } from "./limits/limit-counters.ts";
import { createLocalLimits } from "./limits/local-limits.ts";
import { createRedisBudget } from "./limits/query-budget.ts";
import { createQueryLimiter } from "./limits/query-limiter.ts";
import { createRecentRefusals } from "./limits/recent-refusals.ts";
import { createLogger } from "./logger.ts";
import { createEdgeCounters } from "./metrics/edge-counters.ts";
import { createTallyTeller } from "./metrics/tally-teller.ts";
import type { Platform } from "./platform.ts";
import { createRedisMemory } from "./redis/event-memory.ts";
import { createRedisCircuit } from "./redis/redis-circuit.ts";
import { createRedisClient } from "./redis/redis-client.ts";
import { createStoreReader } from "./store/create-store-reader.ts";
import { pingStore } from "./store/ping-store.ts";
import { createWorkerClient } from "./store/worker-client.ts";

/** The only place that builds clients, but for the platform's own. None of them connects before its first use. */
export function createDeps(config: Config, platform: Platform): AppDeps {
  const logger = createLogger();
  const redis = createRedisClient(config.redis);
  const redisCircuit = createRedisCircuit(logger);
  const { publisher, keeper, gates, sharedCache, tracing } = platform;
  const database = config.database && createNeonDatabase(config.database);
  const { hasPropertiesIndex } = config;
  const dialect = createTimescaleDialect({ hasPropertiesIndex });
  const worker = config.worker && createWorkerClient(config.worker, tracing);
  const limitCounters = createLimitCounters();
  const { limitsOf } = config;
  const localLimits = createLocalLimits(Date.now);
  const revocations = createRevocationList({
    redis: createRedisRevocations({
      redis,
      circuit: redisCircuit,
      timeoutMs: config.redis.timeoutMs,
    }),
    keeper,
    logger,
    now: Date.now,
    maxAgeMs: config.revocationMaxAgeMs,
    timeoutMs: config.redis.timeoutMs,
  });
  const counters = createEdgeCounters({ limits: limitCounters, revocations: revocations.status });
  const limited = { redis, circuit: redisCircuit, timeoutMs: config.redis.timeoutMs, limitsOf };
  return {
    keySecrets: config.keySecrets,
    logger,
    now: Date.now,
    revocations,
    counters,
    tallies: createTallyTeller({
      read: counters.metrics,
      tell: publisher.tell,
      clock: Date.now,
      delay: platform.delay,
    }),
    maxEventAgeMs: config.maxEventAgeMs,
    // A healthy pipeline stores an event within a fraction of a second.
    maxWaitMs: 10_000,
    memory: createRedisMemory(limited),
    limitsOf,
    localLimits,
    refusals: createRecentRefusals(Date.now),
    queries: createQueryLimiter({
      budget: createRedisBudget(limited),
      limitsOf,
      localLimits,
      counters: limitCounters,
      now: Date.now,
    }),
    gate: createCoarseGate({
      ...gates,
      counters: limitCounters,
      logger,
      now: Date.now,
    }),
    limitCounters,
    publisher,
    store: createStoreReader(database && { client: database, dialect }, worker, {
      counters,
      now: Date.now,
      tracing,
    }),
    worker,
    answers: createAnswerCache({
      now: Date.now,
      shared: sharedCache && createColoCache(sharedCache, logger),
    }),
    deadLetters: config.worker === undefined ? undefined : createDeadLetterReader(config.worker),
    // Through the circuit, so that a probe of readiness closes it also while nobody posts.
    pingRedis: () => redisCircuit.call(() => redis.ping()),
    pingDatabase: () => pingStore(database, config.worker),
    redisCircuit,
    metricsToken: config.metricsToken,
    tracing,
    isAccessLogged: config.isAccessLogged,
  };
}
