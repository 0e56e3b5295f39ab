import type { Bindings } from "./bindings.ts";
import { delay } from "./delay.ts";
import type { Config } from "./env.ts";
import { createKeeperClient } from "./keys/revocation-keeper.ts";
import { createLogger } from "./logger.ts";
import type { Platform } from "./platform.ts";
import { createPublisherPool } from "./publish/publisher-pool.ts";
import { createTracing } from "./trace/tracing.ts";

/** Durable Objects, Cloudflare's rate limits and its cache. */
export function createCloudflarePlatform(bindings: Bindings, config: Config): Platform {
  return {
    publisher: createPublisherPool(bindings.PUBLISHER, config.publisherShards),
    keeper: createKeeperClient(bindings.REVOCATION_KEEPER),
    gates: { project: bindings.PROJECT_GATE, refusedKeys: bindings.REFUSED_KEYS_GATE },
    // In every Worker; on workers.dev it keeps nothing.
    sharedCache: caches.default,
    delay,
    tracing: config.tracing && createTracing(config.tracing, createLogger()),
  };
}
