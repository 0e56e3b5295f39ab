import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { runSluice } from "./run-sluice.ts";

export const SECRET = "the secret of an edge somewhere else";
export const OTHER_SECRET = "another secret of an edge, as long as it";
const TOKEN = "token-of-redis";
/** Nothing listens there. Of the ports that fetch does not refuse by itself. */
export const NOBODY = "http://127.0.0.1:4";

export type Outcome = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type KeysCli = {
  readonly redis: Redis;
  readonly redisUrl: string;
  /** Of a deployment. */
  readonly env: Record<string, string>;
  readonly cwd: string;
  /** `sluice keys …` for the deployment, with this on standard input. */
  run(args: readonly string[], env?: Record<string, string>, input?: string): Promise<Outcome>;
  /** The same for a local stack with these secrets, which runs unless told otherwise. */
  runLocally(args: readonly string[]): Promise<Outcome>;
  writeLocalStack(isRunning?: boolean): Promise<void>;
  readLocalSecrets(): Promise<Record<string, string>>;
  readonly upstash: LoopbackServer;
  close(): Promise<void>;
};

/** The command with a real Redis behind the stand-in for Upstash. */
export async function createKeysCli(): Promise<KeysCli> {
  const service: RedisService = await startRedis();
  const upstash = await startUpstashHttp({ redisUrl: service.url, token: TOKEN, port: 0 });
  const redis = new Redis(service.url);
  const tempDir = await makeTempDir("keys");
  const dataDir = join(tempDir.path, ".data");
  const env = {
    KEY_SECRET: SECRET,
    UPSTASH_REDIS_REST_URL: upstash.url,
    UPSTASH_REDIS_REST_TOKEN: TOKEN,
  };
  const run = (args: readonly string[], overrides: Record<string, string>, input: string) => {
    const { child, done } = runSluice(["keys", ...args], { cwd: tempDir.path, env: overrides });
    child.stdin?.end(input);
    return done;
  };
  return {
    redis,
    redisUrl: upstash.url,
    env,
    cwd: tempDir.path,
    upstash,
    run: (args, overrides = {}, input = "") => run(args, { ...env, ...overrides }, input),
    runLocally: (args) => run(args, {}, ""),
    async writeLocalStack(isRunning = true) {
      await mkdir(dataDir, { recursive: true });
      const secrets = { keySecret: SECRET, upstashToken: TOKEN };
      await writeFile(join(dataDir, "secrets.json"), JSON.stringify(secrets));
      const local = isRunning ? { upstash_url: upstash.url } : {};
      await writeFile(join(dataDir, "local.json"), JSON.stringify(local));
    },
    async readLocalSecrets() {
      return JSON.parse(await readFile(join(dataDir, "secrets.json"), "utf8"));
    },
    async close() {
      redis.disconnect();
      await upstash.close();
      await service.stop();
      await tempDir.remove();
    },
  };
}
