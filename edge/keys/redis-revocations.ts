import type { Redis } from "@upstash/redis/cloudflare";
import { parseRevocations, REVOKED_KEYS } from "../../contract/revocation.ts";
import type { RedisCircuit } from "../redis/redis-circuit.ts";
import { createRedisScript, runRedisScript } from "../redis/redis-script.ts";
import type { RevocationStore } from "./revocation-list.ts";

export type RedisRevocationsOptions = {
  readonly redis: Redis;
  readonly circuit: RedisCircuit;
  /** Of the client's requests. */
  readonly timeoutMs: number;
};

/** Half a megabyte. What is more waits for the next reading. */
const MAX_ADDED = 5_000;

/** KEYS: the hash. ARGV: fields and values in turn. One that was revoked meanwhile keeps its instant. */
const ADD_SCRIPT = createRedisScript(`
for i = 1, #ARGV, 2 do
  redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
end
return #ARGV / 2`);

/** The list of revoked keys in Redis. An answer that is no list counts as none, for the circuit too. */
export function createRedisRevocations(options: RedisRevocationsOptions): RevocationStore {
  const { redis, circuit, timeoutMs } = options;
  return {
    read: () => circuit.call(async () => parseRevocations(await redis.hgetall(REVOKED_KEYS))),
    async add(revocations) {
      const args = [...revocations].slice(0, MAX_ADDED).flat();
      const call = { script: ADD_SCRIPT, keys: [REVOKED_KEYS], args, timeoutMs };
      await circuit.call(() => runRedisScript(redis, call));
    },
  };
}
