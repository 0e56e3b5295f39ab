// A page in the developer's browser can send requests to the ports of this machine: across protocols, and by a name of its own that
// resolves to 127.0.0.1 (DNS rebinding), under which the browser lets it set headers and read answers.
import { Redis } from "ioredis";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNeonHttp } from "../../../local/neon-http.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startEmbeddedTimescale } from "../../../local/timescale/embedded-timescale.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { exchangeRaw } from "../../support/raw-http.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

const TOKEN = "test-token";

let tempDir: TempDir;
let redis: RedisService;
let database: LoopbackServer;
let upstash: LoopbackServer;
let neon: LoopbackServer;

beforeAll(async () => {
  tempDir = await makeTempDir("browsers");
  [redis, database] = await Promise.all([
    startRedis(),
    startEmbeddedTimescale({ dataDir: tempDir.path, port: 0 }),
  ]);
  upstash = await startUpstashHttp({ redisUrl: redis.url, token: TOKEN, port: 0 });
  neon = await startNeonHttp({ databaseUrl: database.url, port: 0 });
}, 60_000);

afterAll(async () => {
  await upstash?.close();
  await neon?.close();
  await database?.close();
  await redis?.stop();
  await tempDir?.remove();
});

describe("the stand-ins answer by the name of this machine only", () => {
  const status = async (url: string, host: string, lines: readonly string[], body: string) => {
    const [, path = "/"] = /^http:\/\/[^/]+(\/.*)$/.exec(url) ?? [];
    const head = [`POST ${path} HTTP/1.1`, ...(host === "" ? [] : [`host: ${host}`]), ...lines];
    const length = `content-length: ${body.length}`;
    const answer = await exchangeRaw(
      url,
      `${[...head, length, "connection: close"].join("\r\n")}\r\n\r\n${body}`,
    );
    return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
  };
  const askRedis = (host: string) =>
    status(upstash.url, host, [`authorization: Bearer ${TOKEN}`], '["PING"]');
  const askDatabase = (host: string) =>
    status(
      `${neon.url}/sql`,
      host,
      [`neon-connection-string: ${database.url}`, "content-type: application/json"],
      '{"query":"select 1"}',
    );

  test.each(["127.0.0.1:4444", "127.0.0.1", "localhost:4444", "LOCALHOST", "[::1]:4444"])(
    "%s",
    async (host) => {
      expect(await askRedis(host)).toBe(200);
      expect(await askDatabase(host)).toBe(200);
    },
  );

  test.each([
    "evil.example:4444",
    "127.0.0.1.evil.example",
    "localhost.evil.example:4444",
    "evil-localhost",
    "localhost@evil.example",
    "127.0.0.1:4444:4444",
    "0.0.0.0",
  ])("not %s", async (host) => {
    expect(await askRedis(host)).toBe(421);
    expect(await askDatabase(host)).toBe(421);
  });

  test("nor without one", async () => {
    expect(await askRedis("")).toBe(400);
    expect(await askDatabase("")).toBe(400);
  });
});

describe("a request of a page does nothing to a server of another protocol", () => {
  const post = (port: number, body: string) =>
    exchangeRaw(
      `http://127.0.0.1:${port}`,
      `POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );

  test("Redis", async () => {
    await post(redis.port, "SET planted 1\r\n");
    const client = new Redis(redis.url);
    try {
      expect(await client.get("planted")).toBeNull();
    } finally {
      client.disconnect();
    }
  });

  test("the embedded database", async () => {
    await post(database.port, "Q\0\0\0\x1ccreate table planted ()\0");
    const sql = postgres(database.url, { max: 1 });
    try {
      expect(await sql`select to_regclass('planted') as planted`).toEqual([{ planted: null }]);
    } finally {
      await sql.end();
    }
  });
});

test("Redis does nothing for who does not know its password", async () => {
  const commands = ["GET key", "SET key 1", "CONFIG GET dir", "AUTH wrong", "QUIT"];
  const answer = await exchangeRaw(redis.url, ...commands.map((command) => `${command}\r\n`));
  expect(answer.trim().split("\r\n")).toEqual([
    ...Array(3).fill("-NOAUTH Authentication required."),
    expect.stringMatching(/^-WRONGPASS /),
    "+OK",
  ]);
});
