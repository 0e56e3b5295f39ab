import { createHash } from "node:crypto";
import type { Redis } from "@upstash/redis/cloudflare";

/** A Lua script with the hash under which Redis keeps it. */
export type RedisScript = { readonly text: string; readonly sha1: string };

export function createRedisScript(text: string): RedisScript {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

/**
 * Runs a script by its hash, and sends its text only when Redis does not know it: after a restart, or the first time.
 * The client's own `createScript` awaits one hash for all requests, which a Worker may not: a promise belongs to its request.
 */
export async function runRedisScript(
  redis: Redis,
  script: RedisScript,
  keys: string[],
  args: string[],
): Promise<unknown> {
  try {
    return await redis.evalsha<string[], unknown>(script.sha1, keys, args);
  } catch (error) {
    if (error instanceof Error && error.message.includes("NOSCRIPT")) {
      return await redis.eval<string[], unknown>(script.text, keys, args);
    }
    throw error;
  }
}
