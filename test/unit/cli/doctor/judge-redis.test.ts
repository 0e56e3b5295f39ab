import { describe, expect, test } from "vitest";
import { judgeRedis, judgeRedisHttp } from "../../../../cli/doctor/judge-redis.ts";
import type { Answer } from "../../../../cli/parts/answer.ts";
import type { HttpReply } from "../../../../cli/parts/ask-http.ts";
import { readReplies } from "../../../../cli/parts/redis-replies.ts";
import { complaints, LOCAL, NAMED, reply, SILENT, told } from "./facts.ts";

const ACCESS = { redisHttp: { url: new URL("https://redis.test"), token: "t" }, deployment: NAMED };
const INFO =
  "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nused_memory:1000\r\nmaxmemory:5000\r\n";

/** What Redis answers to each of the commands, in their order. */
function replies(given: Readonly<Record<number, object>> = {}): object[] {
  const well = [
    { result: "PONG" },
    { result: ["1795560707", "500000"] },
    { result: INFO },
    { result: ["maxmemory-policy", "volatile-lru"] },
    { result: "hash" },
    { result: 2 },
    { result: 1 },
  ];
  return well.map((one, index) => given[index] ?? one);
}

function judge(answer: Answer<HttpReply>) {
  return complaints(judgeRedisHttp(answer, ACCESS));
}

describe("judgeRedisHttp()", () => {
  test("has nothing against one that is well, and tells its version and memory", () => {
    const findings = judgeRedisHttp(told(reply(200, replies())), ACCESS);
    expect(findings.map(({ level, detail }) => `${level} ${detail}`)).toEqual([
      "ok https://redis.test in 4 ms",
      "ok Redis 7.0.15",
      "ok the token may run scripts",
      "ok maxmemory-policy volatile-lru, 1 kB in use, at most 5 kB",
      "ok 2 keys",
    ]);
  });

  test.each([
    [
      { redisHttp: undefined },
      "set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to the edge's",
    ],
    [
      { redisHttp: { url: new URL("https://redis.test"), token: undefined } },
      "set UPSTASH_REDIS_REST_TOKEN to the edge's",
    ],
  ])("says what to set for %j", (access, detail) => {
    expect(complaints(judgeRedisHttp(undefined, { ...ACCESS, ...access }))).toEqual([
      `skipped answers: ${detail}`,
    ]);
  });

  const away = "is UPSTASH_REDIS_REST_URL right, and does Redis run behind it?";
  test.each<[Answer<HttpReply>, string]>([
    [SILENT, `https://redis.test: no answer within 2.5 s → ${away}`],
    [
      told(reply(401, { error: "Unauthorized" })),
      "https://redis.test: it answered 401, Unauthorized → set UPSTASH_REDIS_REST_TOKEN to the edge's",
    ],
    [
      told(reply(503, { error: "ERR cannot reach Redis: Connection is closed." })),
      `https://redis.test: it answered 503, ERR cannot reach Redis: Connection is closed. → ${away}`,
    ],
    [
      told(reply(200, { status: "ok" })),
      `https://redis.test: it does not speak Upstash's REST → ${away}`,
    ],
    [
      told(reply(200, replies({ 0: { error: "LOADING Redis is loading" } }))),
      `https://redis.test: LOADING Redis is loading → ${away}`,
    ],
  ])("names one that does not answer: %j", (answer, complaint) => {
    expect(judge(answer)).toEqual([`failure answers: ${complaint}`]);
  });

  test.each<[Readonly<Record<number, object>>, string]>([
    [{ 2: { result: "redis_version:5.0.7" } }, "warning version: Redis 5.0.7"],
    [
      { 6: { error: "NOPERM this user has no permissions to run the 'eval' command" } },
      "failure permissions: no scripts: NOPERM",
    ],
    [
      { 3: { result: ["maxmemory-policy", "allkeys-lru"] } },
      "failure memory: maxmemory-policy allkeys-lru, 1 kB in use, at most 5 kB → CONFIG SET maxmemory-policy volatile-lru",
    ],
    [
      { 3: { result: ["maxmemory-policy", "noeviction"] } },
      "warning memory: maxmemory-policy noeviction",
    ],
    [
      { 4: { result: "string" }, 5: { error: "WRONGTYPE" } },
      "failure revoked keys: keys:revoked is no hash but a string",
    ],
  ])("judges %j", (given, complaint) => {
    expect(judge(told(reply(200, replies(given))))).toEqual([expect.stringContaining(complaint)]);
  });

  test("takes no offence at what a hosted Redis keeps to itself", () => {
    const kept = { error: "ERR Command is not available" };
    const hosted = replies({ 1: kept, 2: kept, 3: kept, 4: { result: "none" }, 5: { result: 0 } });
    expect(judge(told(reply(200, hosted)))).toEqual([]);
    expect(readReplies(hosted)).toMatchObject({ time: undefined, version: undefined });
  });
});

test("readReplies() reads Redis' time", () => {
  expect(readReplies(replies())?.time).toBe(1_795_560_707_500);
  expect(readReplies([])).toBeUndefined();
});

test("judgeRedis() names the local stack's Redis", () => {
  expect(judgeRedis(undefined, NAMED)).toEqual([]);
  expect(complaints(judgeRedis(told("PONG"), LOCAL))).toEqual([]);
  expect(complaints(judgeRedis(SILENT, LOCAL))).toEqual([
    "failure answers: no answer within 2.5 s → npm start starts redis again by itself; if it stays away, see .data/logs/redis.log",
  ]);
});
