import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Redis } from "@upstash/redis/cloudflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  isAllowed,
  type LimitName,
  type LimitState,
  type ProjectLimits,
  type Rate,
} from "../../../edge/limits/rate-limit.ts";
import {
  createRedisMemory,
  type EventMemory,
  type MemoryAnswer,
} from "../../../edge/redis/event-memory.ts";
import { createRedisCircuit, type RedisCircuit } from "../../../edge/redis/redis-circuit.ts";
import { createRedisClient } from "../../../edge/redis/redis-client.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { poll } from "../../support/poll.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";
import { startSlowProxy } from "./slow-proxy.ts";

const TOKEN = "test-token";
/** Refills one event in a quarter of an hour: no test lasts that long. */
const SLOW: Rate = { perSecond: 0.001, burst: 10 };
const GENEROUS: Rate = { perSecond: 1_000, burst: 100_000 };
const NOTHING_KNOWN = { rateLimit: undefined, seenIds: new Set() };

let server: RedisService;
let upstash: LoopbackServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  upstash = await startUpstashHttp({ redisUrl: server.url, token: TOKEN, port: 0 });
  redis = createRedisClient({ url: upstash.url, token: TOKEN, timeoutMs: 20_000 });
});

afterAll(async () => {
  await upstash?.close();
  await server?.stop();
});

describe("createRedisMemory() limits", () => {
  it("costs as many as there are events, and tells what is left", async () => {
    const { memory } = createMemory(SLOW);
    const projectId = newProject();
    expect(await memory.admit(projectId, newIds(4))).toEqual({
      rateLimit: [
        {
          name: "events",
          unit: "events",
          quota: 10,
          windowSeconds: 10_000,
          remaining: 6,
          resetMs: 4_000_000,
          isExceeded: false,
        },
        {
          name: "requests",
          unit: "requests",
          quota: 100_000,
          windowSeconds: 100,
          remaining: 99_999,
          resetMs: 1,
          isExceeded: false,
        },
      ],
      seenIds: new Set(),
    });
    const second = await memory.admit(projectId, newIds(6));
    expect(limitOf(second, "events")).toMatchObject({ isExceeded: false, remaining: 0 });
  });

  it("takes nothing and looks nothing up when it refuses", async () => {
    const { memory } = createMemory(SLOW);
    const projectId = newProject();
    const ids = newIds(7);
    await memory.markSeen(projectId, ids);
    await memory.admit(projectId, newIds(4));
    const before = await redis.hgetall(`limit:${projectId}`);
    const refused = await memory.admit(projectId, ids);
    const events = limitOf(refused, "events");
    expect(events).toMatchObject({ isExceeded: true, quota: 10, remaining: 6 });
    expect(refused.seenIds).toEqual(new Set());
    expect(await redis.hgetall(`limit:${projectId}`)).toEqual(before);
    // One event is missing, a thousand seconds' worth; some of them have passed.
    expect(events.resetMs).toBeGreaterThan(800_000);
    expect(events.resetMs).toBeLessThanOrEqual(1_000_000);
    expect(passes(await memory.admit(projectId, newIds(6)))).toBe(true);
  });

  it("is exact under 1,000 concurrent requests", async () => {
    const rate = { perSecond: 20, burst: 100 };
    const { memory } = createMemory(rate);
    const projectId = newProject();
    const startedMs = await redisTimeMs();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => memory.admit(projectId, newIds(1))),
    );
    const elapsedMs = (await redisTimeMs()) - startedMs;
    expect(answers.every(({ rateLimit }) => rateLimit !== undefined)).toBe(true);
    const allowed = answers.filter(passes).length;
    expect(allowed).toBeGreaterThanOrEqual(100);
    expect(allowed).toBeLessThanOrEqual(100 + (elapsedMs * rate.perSecond) / 1_000);
  });

  it("refills with time", async () => {
    const { memory } = createMemory({ perSecond: 100, burst: 50 });
    const projectId = newProject();
    await memory.admit(projectId, newIds(50));
    await poll("a refilled bucket", async () => passes(await memory.admit(projectId, newIds(40))));
  });

  it.each([
    ["ten seconds' worth", -10_000, 4, 6],
    ["never above the burst", -1_000_000_000, 4, 9],
    ["nothing while the clock stands before the last request", 60_000, 4, 3],
    ["from nothing when the bucket is in debt", 1_000, -1_000, undefined],
    ["from a full bucket when it is no number", 0, "x", 9],
  ])("refills %s", async (_, ageMs, tokens, remaining) => {
    const { memory } = createMemory({ perSecond: 0.3, burst: 10 });
    const projectId = newProject();
    const at = (await redisTimeMs()) + ageMs;
    await redis.hset(`limit:${projectId}`, { tokens, at });
    const events = limitOf(await memory.admit(projectId, newIds(1)), "events");
    if (remaining === undefined) expect(events).toMatchObject({ isExceeded: true });
    else expect(events).toMatchObject({ isExceeded: false, remaining });
    // An empty bucket has one event after 3.3 s.
    if (events.isExceeded) expect(events.resetMs).toBeLessThanOrEqual(3_334);
  });

  it("forgets a bucket that would be full again", async () => {
    const events = { perSecond: 10, burst: 100 };
    const { memory } = createMemory(events, { limits: { requests: { perSecond: 1, burst: 2 } } });
    const projectId = newProject();
    await memory.admit(projectId, newIds(1));
    const ttlMs = await redis.pttl(`limit:${projectId}`);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(11_000);
  });

  it("keeps projects apart", async () => {
    const { memory } = createMemory(SLOW);
    const [one, other] = [newProject(), newProject()];
    const ids = newIds(10);
    await memory.admit(one, ids);
    await memory.markSeen(one, ids);
    const answer = await memory.admit(other, ids);
    expect(limitOf(answer, "events")).toMatchObject({ isExceeded: false, remaining: 0 });
    expect(answer.seenIds).toEqual(new Set());
  });
});

describe("createRedisMemory() remembers", () => {
  it("with the next request, also when that is refused", async () => {
    const { memory } = createMemory(SLOW);
    const projectId = newProject();
    const ids = newIds(3);
    const marking = memory.markSeen(projectId, ids);
    const refused = await memory.admit(projectId, newIds(11));
    expect(passes(refused)).toBe(false);
    expect((await memory.admit(projectId, ids)).seenIds).toEqual(new Set(ids));
    await marking;
  });

  it.each([1, 1_000, 1_001, 5_000])("which of %i ids are seen", async (count) => {
    const { memory } = createMemory(GENEROUS);
    const projectId = newProject();
    const ids = newIds(count);
    const seen = ids.filter((_, index) =>
      [0, 7, 998, 999, 1_000, 1_001, 1_999, 2_000, count - 1].includes(index),
    );
    expect((await memory.admit(projectId, ids)).seenIds).toEqual(new Set());
    await memory.markSeen(projectId, seen);
    expect((await memory.admit(projectId, ids)).seenIds).toEqual(new Set(seen));
  });

  it("every id of concurrent requests, over several scripts", async () => {
    const { memory } = createMemory(GENEROUS);
    const projectId = newProject();
    const requests = Array.from({ length: 4 }, () => newIds(3_000));
    await Promise.all(requests.map((ids) => memory.markSeen(projectId, ids)));
    // A call may resolve before the one that writes for it.
    await poll("all marks", async () => {
      const answers = await Promise.all(requests.map((ids) => memory.admit(projectId, ids)));
      return answers.every(({ seenIds }) => seenIds.size === 3_000);
    });
  });

  it("for a day from the first time", async () => {
    const { memory } = createMemory(GENEROUS);
    const projectId = newProject();
    const [first = "", known = ""] = newIds(2);
    await redis.set(`seen:${projectId}:${known}`, "1", { ex: 100 });
    await memory.markSeen(projectId, [first, known]);
    const ttl = await redis.ttl(`seen:${projectId}:${first}`);
    expect(ttl).toBeGreaterThan(86_000);
    expect(ttl).toBeLessThanOrEqual(86_400);
    expect(await redis.ttl(`seen:${projectId}:${known}`)).toBeLessThanOrEqual(100);
  });

  it("also after Redis has forgotten its scripts", async () => {
    const { memory, warnings } = createMemory(GENEROUS);
    const projectId = newProject();
    const ids = newIds(3);
    await redis.scriptFlush();
    await memory.markSeen(projectId, ids);
    await redis.scriptFlush();
    const answer = await memory.admit(projectId, ids);
    expect(passes(answer)).toBe(true);
    expect(answer.seenIds).toEqual(new Set(ids));
    expect(warnings).toEqual([]);
  });
});

describe("createRedisMemory() keeps marks that Redis did not take", () => {
  it("while its circuit is open, and writes them once it is closed", async () => {
    const { circuit, close } = openCircuit();
    const { memory } = createMemory(GENEROUS, { circuit });
    const projectId = newProject();
    const ids = newIds(7_000);
    await memory.markSeen(projectId, ids.slice(0, 4_000));
    await memory.markSeen(projectId, ids.slice(4_000));
    expect(await memory.admit(projectId, ids.slice(0, 1))).toEqual(NOTHING_KNOWN);
    await expect(memory.isSeen(projectId, ids[0] ?? "")).rejects.toThrow("the circuit is open");
    close();
    await memory.markSeen(projectId, newIds(1));
    expect((await memory.admit(projectId, ids.slice(0, 4_000))).seenIds.size).toBe(4_000);
    expect((await memory.admit(projectId, ids.slice(4_000))).seenIds.size).toBe(3_000);
  });

  it("when a call with them failed, and sends them with the next", async () => {
    const { memory } = createMemory(GENEROUS, { timeoutMs: 300 });
    const projectId = newProject();
    const ids = newIds(3);
    await server.kill();
    try {
      await memory.markSeen(projectId, ids);
    } finally {
      await server.restart();
    }
    await poll("the marks", async () => (await memory.admit(projectId, ids)).seenIds.size === 3);
  });
});

describe("createRedisMemory() lets events pass", () => {
  it("after one time-out, also when Redis has to be told the script first", async () => {
    const proxy = await startSlowProxy(upstash.url);
    const { memory, warnings } = createMemory(GENEROUS, { url: proxy.url, timeoutMs: 1_000 });
    try {
      // Either answer alone comes in time.
      proxy.delayAnswers(700);
      await redis.scriptFlush();
      expect(await memory.admit(newProject(), newIds(2))).toEqual(NOTHING_KNOWN);
      expect(warnings).toHaveLength(1);
    } finally {
      await proxy.close();
    }
  });

  it("while Redis is dead, and works again after", async () => {
    const { memory, warnings } = createMemory(GENEROUS, { timeoutMs: 300 });
    const projectId = newProject();
    await server.kill();
    try {
      expect(await memory.admit(projectId, newIds(2))).toEqual(NOTHING_KNOWN);
      await memory.markSeen(projectId, newIds(2));
      expect(warnings).toHaveLength(2);
    } finally {
      await server.restart();
    }
    await poll("the limit again", async () => (await memory.admit(projectId, newIds(1))).rateLimit);
  });

  it("while Redis does not answer, and works again after", async () => {
    const { memory, warnings } = createMemory(GENEROUS, { timeoutMs: 300 });
    const projectId = newProject();
    // It goes on only when told to: whatever is answered until then did not wait for it.
    process.kill(server.pid(), "SIGSTOP");
    try {
      expect(await memory.admit(projectId, newIds(2))).toEqual(NOTHING_KNOWN);
      await memory.markSeen(projectId, newIds(2));
      expect(warnings).toHaveLength(2);
    } finally {
      process.kill(server.pid(), "SIGCONT");
    }
    await poll("the limit again", async () => (await memory.admit(projectId, newIds(1))).rateLimit);
  });

  it("when the keys hold something else", async () => {
    const { memory, warnings } = createMemory(GENEROUS);
    const projectId = newProject();
    const ids = newIds(2);
    await redis.hset(`seen:${projectId}:${ids[0]}`, { a: 1 });
    await memory.markSeen(projectId, ids);
    expect((await memory.admit(projectId, ids)).seenIds).toEqual(new Set([ids[1]]));
    await redis.set(`limit:${projectId}`, "text");
    expect(await memory.admit(projectId, ids)).toEqual(NOTHING_KNOWN);
    expect(warnings).toEqual([expect.stringContaining("WRONGTYPE")]);
  });

  it.each([
    ["another result", 200, '{"result":"OK"}'],
    ["no result", 200, '{"result":null}'],
    ["an empty list", 200, '{"result":[]}'],
    ["a list of something else", 200, '{"result":[0,"a",null]}'],
    ["a list that is too short", 200, '{"result":[0,1,2,3,4,5,6]}'],
    ["a refusal by no limit it has", 200, '{"result":[8,1,1,1,1,-1,0,1]}'],
    ["a page", 200, "<html>"],
    ["an error", 500, '{"error":"ERR internal"}'],
    ["nothing it knows", 404, '{"error":"NOSCRIPT No matching script"}'],
  ])("when the server answers %s", async (_, status, body) => {
    const liar = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    }).listen(0, "127.0.0.1");
    await once(liar, "listening");
    const { port } = liar.address() as AddressInfo;
    const { memory } = createMemory(GENEROUS, { url: `http://127.0.0.1:${port}` });
    try {
      expect(await memory.admit(newProject(), newIds(2))).toEqual(NOTHING_KNOWN);
      await memory.markSeen(newProject(), newIds(2));
    } finally {
      liar.closeAllConnections();
      liar.close();
    }
  });
});

type MemoryOptions = {
  readonly limits?: Partial<ProjectLimits>;
  readonly url?: string;
  readonly timeoutMs?: number;
  readonly circuit?: RedisCircuit;
};

function createMemory(
  events: Rate,
  options: MemoryOptions = {},
): { memory: EventMemory; warnings: string[] } {
  const warnings: string[] = [];
  const ignore = () => {};
  const warn = (message: string, fields?: Readonly<Record<string, unknown>>) => {
    warnings.push(`${message}: ${fields?.err}`);
  };
  const logger = { info: ignore, warn, error: ignore };
  const { url = upstash.url, timeoutMs = 20_000, circuit = createRedisCircuit(logger) } = options;
  const client = createRedisClient({ url, token: TOKEN, timeoutMs });
  const limits: ProjectLimits = {
    events,
    requests: GENEROUS,
    queryUnits: GENEROUS,
    eventsPerDay: undefined,
    requestsPerDay: undefined,
    concurrentQueries: 1,
    ...options.limits,
  };
  const memory = createRedisMemory({ redis: client, circuit, timeoutMs, limitsOf: () => limits });
  return { memory, warnings };
}

/** One of the limits that a request met. */
function limitOf({ rateLimit }: MemoryAnswer, name: LimitName): LimitState {
  const found = rateLimit?.find((limit) => limit.name === name);
  if (found === undefined) throw new Error(`no limit ${name}`);
  return found;
}

function passes({ rateLimit }: MemoryAnswer): boolean {
  return rateLimit !== undefined && isAllowed(rateLimit);
}

/** Open until it is told otherwise. */
function openCircuit(): { circuit: RedisCircuit; close: () => void } {
  let state: RedisCircuit["state"] = "open";
  const circuit: RedisCircuit = {
    get state() {
      return state;
    },
    async call(ask) {
      if (state === "open") throw new Error("the circuit is open");
      return await ask();
    },
  };
  return {
    circuit,
    close() {
      state = "closed";
    },
  };
}

async function redisTimeMs(): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function newProject(): string {
  return `project-${randomUUID().slice(0, 8)}`;
}

function newIds(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID());
}
