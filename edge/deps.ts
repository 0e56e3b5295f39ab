import { Redis } from "@upstash/redis/cloudflare";
import type { AppDeps } from "./app.ts";
import type { Bindings } from "./bindings.ts";
import { parseConfig } from "./env.ts";
import { createRedisMemory } from "./event-memory.ts";
import { createLogger } from "./logger.ts";
import { createPublisherPool } from "./publisher-pool.ts";
import { createNeonStatsReader } from "./stats-reader.ts";

/** The only place that builds clients. None of them connects before its first use. */
export function createDeps(bindings: Bindings): AppDeps {
  const config = parseConfig(bindings);
  const { timeoutMs } = config.redis;
  const logger = createLogger();
  const redis = new Redis({
    url: config.redis.url,
    token: config.redis.token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
    retry: { retries: 0 },
    // A function: with one aborted signal for all calls the client answers a made-up 200.
    signal: () => AbortSignal.timeout(timeoutMs),
  });
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
