import { createHash } from "node:crypto";
import type { Redis } from "@upstash/redis/cloudflare";
import { delay } from "../delay.ts";

/** A Lua script with the hash under which Redis keeps it. */
export type RedisScript = { readonly text: string; readonly sha1: string };

export function createRedisScript(text: string): RedisScript {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

export type RedisScriptCall = {
  readonly script: RedisScript;
  readonly keys: string[];
  readonly args: string[];
  /** For both requests together, and as long as the client gives to each. */
  readonly timeoutMs: number;
};

/**
 * Runs a script by its hash, and sends its text only when Redis does not know it: after a restart, or the first time.
 * The client's own `createScript` awaits one hash for all requests, which a Worker may not: a promise belongs to its request.
 */
export async function runRedisScript(
  redis: Redis,
  { script, keys, args, timeoutMs }: RedisScriptCall,
): Promise<unknown> {
  const startedMs = Date.now();
  try {
    return await redis.evalsha<string[], unknown>(script.sha1, keys, args);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("NOSCRIPT"))) throw error;
    const leftMs = timeoutMs - (Date.now() - startedMs);
    const timeout = delay(leftMs).then(() => {
      throw new Error(`Cannot run script: no answer within ${timeoutMs} ms`, { cause: error });
    });
    return await Promise.race([redis.eval<string[], unknown>(script.text, keys, args), timeout]);
  }
}
