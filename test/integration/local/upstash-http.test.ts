import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { poll } from "../../support/poll.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";

const TOKEN = "test-token";

let server: RedisService;
let upstash: LoopbackServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  upstash = await startUpstashHttp({ redisUrl: server.url, token: TOKEN, port: 0 });
  redis = createClient(TOKEN);
});

afterAll(async () => {
  await upstash?.close();
  await server?.stop();
});

describe("startUpstashHttp() with @upstash/redis", () => {
  test("answers strings, integers, null and lists", async () => {
    expect(await redis.set("key", "value")).toBe("OK");
    expect(await redis.get("key")).toBe("value");
    expect(await redis.get("absent")).toBeNull();
    expect(await redis.incrby("count", 7)).toBe(7);
    expect(await redis.mget("key", "absent", "count")).toEqual(["value", null, "7"]);
    expect(await redis.set("key", "other", { nx: true, ex: 60 })).toBeNull();
    expect(await redis.sadd("set", "a")).toBe(1);
    expect(await redis.eval("return {1, {'OK', {2, false}}, 'é'}", [], [])).toEqual([
      1,
      ["OK", [2, null]],
      "é",
    ]);
  });

  test("answers a hash and a sorted set with scores as the lists that Redis sends", async () => {
    await redis.hset("hash", { a: "x", b: "y" });
    expect(await redis.hgetall("hash")).toEqual(["a", "x", "b", "y"]);
    expect(await redis.hgetall("absent")).toEqual([]);
    await redis.zadd("sorted", { score: 1, member: "m" });
    expect(await redis.zrange("sorted", 0, -1, { withScores: true })).toEqual(["m", "1"]);
    const response = await post("/", '["HGetAll","hash"]', {});
    expect(await response.json()).toEqual({ result: ["a", "x", "b", "y"] });
  });

  test.each([
    ["unicode", "žluťoučký 🐎 \u0000 end"],
    ["a bare OK", "OK"],
    ["what looks like base64", "T0s="],
    ["nothing", ""],
    ["JSON", '{"a":[1,"2"]}'],
    ["a megabyte", "x".repeat(1024 * 1024)],
  ])("returns %s unchanged", async (_, value) => {
    await redis.set("text", value);
    expect(await redis.get("text")).toBe(value);
    expect(await redis.mget("text")).toEqual([value]);
    expect((await redis.pipeline().get("text").mget("text").exec())[0]).toBe(value);
  });

  test("carries bytes that are not UTF-8 in base64, and text without Upstash-Encoding", async () => {
    await redis.eval("return redis.call('set', KEYS[1], string.char(255, 0, 128))", ["bytes"], []);
    const get = async (headers: Record<string, string>, key: string) => {
      const response = await post("/", JSON.stringify(["get", key]), headers);
      return response.json();
    };
    expect(await get({ "upstash-encoding": "base64" }, "bytes")).toEqual({ result: "/wCA" });
    await redis.set("text", "é");
    expect(await get({}, "text")).toEqual({ result: "é" });
  });

  test("runs scripts by text and by hash", async () => {
    const sha = await redis.scriptLoad("return {KEYS[1], ARGV[1], tonumber(ARGV[2])}");
    expect(sha).toMatch(/^[0-9a-f]{40}$/);
    expect(await redis.evalsha(sha, ["k"], ["a", "5"])).toEqual(["k", "a", 5]);
    await expect(redis.evalsha("0".repeat(40), [], [])).rejects.toThrow("NOSCRIPT");
  });

  test("answers each command of a pipeline by itself", async () => {
    await redis.set("text", "x");
    const replies = await redis
      .pipeline()
      .incr("text")
      .get("text")
      .set("n", 1)
      .exec({ keepErrors: true });
    expect(replies[0]?.error).toContain("not an integer");
    expect(replies.slice(1).map(({ result }) => result)).toEqual(["x", "OK"]);
  });

  test("runs a transaction, and none of it when a command is malformed", async () => {
    expect(await redis.multi().set("m", "1").incr("m").get("m").exec()).toEqual(["OK", 2, "2"]);
    const response = await post("/multi-exec", '[["set","m","9"],["get"]]');
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: expect.stringContaining("EXECABORT") },
    ]);
    expect(await redis.get("m")).toBe("2");
  });

  test("keeps transactions whole under concurrent requests", async () => {
    await Promise.all(
      Array.from({ length: 50 }, () =>
        Promise.all([redis.multi().incr("x").incr("y").exec(), redis.incr("z")]),
      ),
    );
    expect(await redis.mget("x", "y", "z")).toEqual(["50", "50", "50"]);
  });

  test("passes on what Redis says about a wrong command", async () => {
    await redis.set("text", "x");
    await expect(redis.incr("text")).rejects.toThrow("ERR value is not an integer or out of range");
    const response = await post("/", '["nosuch"]');
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: expect.stringContaining("ERR unknown command 'nosuch'"),
    });
  });

  test.each([
    ["/", "{", 400],
    ["/", "[]", 400],
    ["/", '[["get","a"]]', 400],
    ["/", '["get",null]', 400],
    ["/pipeline", '["get","a"]', 400],
    ["/", '["SUBSCRIBE","a"]', 400],
    ["/", '["xread","BLOCK","0","STREAMS","s","$"]', 400],
    ["/elsewhere", '["get","a"]', 404],
  ])("refuses POST %s %s", async (path, body, status) => {
    const response = await post(path, body);
    expect([response.status, await response.json()]).toEqual([
      status,
      { error: expect.stringMatching(/^ERR /) },
    ]);
  });

  test("refuses a wrong token and a body that is too large", async () => {
    await expect(createClient("wrong").get("key")).rejects.toThrow("Unauthorized");
    const response = await fetch(`${upstash.url}/`, { method: "POST", body: '["ping"]' });
    expect([response.status, await response.json()]).toEqual([401, { error: "Unauthorized" }]);
    const large = await post("/", JSON.stringify(["set", "a", "x".repeat(11 * 1024 * 1024)])).catch(
      () => undefined,
    );
    expect([413, undefined]).toContain(large?.status);
    expect(await redis.ping()).toBe("PONG");
  });
});

describe("startUpstashHttp() without Redis", () => {
  test("answers with an error at once, and works again when Redis is back", async () => {
    await server.kill();
    await poll("a 503", async () => (await post("/", '["ping"]')).status === 503);
    await expect(redis.get("key")).rejects.toThrow("ERR cannot reach Redis");
    expect((await post("/pipeline", '[["get","a"]]')).status).toBe(503);
    expect((await post("/multi-exec", '[["get","a"]]')).status).toBe(503);
    await server.restart();
    await poll("a 200", async () => (await post("/", '["ping"]')).status === 200);
    expect(await redis.set("key", "again")).toBe("OK");
  });

  test("starts without it, too", async () => {
    const lonely = await startUpstashHttp({
      redisUrl: "redis://127.0.0.1:1",
      token: TOKEN,
      port: 0,
    });
    const response = await fetch(lonely.url, {
      method: "POST",
      body: '["ping"]',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(response.status).toBe(503);
    await lonely.close();
  });
});

function createClient(token: string): Redis {
  return new Redis({
    url: upstash.url,
    token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    retry: { retries: 0 },
  });
}

function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${upstash.url}${path}`, {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
  });
}
