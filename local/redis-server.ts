import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findServer } from "./find-server.ts";
import type { Part } from "./part.ts";
import { answersTcp } from "./probes.ts";

export interface RedisOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Of the only user. */
  readonly password: string;
}

export function redisUrl(port: number, password: string): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

/** redis-server as the memory of the deduplication: small, on disk, forgetting the least used first. */
export async function prepareRedis({ dataDir, port, password }: RedisOptions): Promise<Part> {
  const folder = join(dataDir, "redis");
  await mkdir(folder, { recursive: true });
  const configPath = join(folder, "redis.conf");
  await writeFile(configPath, redisConfig(folder, port, password), { mode: 0o600 });
  return {
    name: "redis",
    command: findServer("redis-server"),
    args: [configPath],
    needs: [],
    // A server that still loads its file answers -LOADING.
    isReady: (signal) => answersTcp(port, signal, `AUTH ${password}\r\nPING\r\n`, /^\+PONG/m),
    readyTimeoutMs: 20_000,
    stopTimeoutMs: 5_000,
  };
}

/** Only keys with a time to live are evicted: the revocation list has none and stays. */
export function redisConfig(folder: string, port: number, password: string): string {
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    "daemonize no",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory 256mb",
    "maxmemory-policy volatile-lru",
    "",
  ].join("\n");
}
