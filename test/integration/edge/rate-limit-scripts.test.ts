import { randomUUID } from "node:crypto";
import type { Redis } from "@upstash/redis/cloudflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRedisBudget } from "../../../edge/limits/query-budget.ts";
import {
  isAllowed,
  type LimitName,
  type LimitState,
  type ProjectLimits,
} from "../../../edge/limits/rate-limit.ts";
import { createRedisMemory, type MemoryAnswer } from "../../../edge/redis/event-memory.ts";
import { createRedisCircuit } from "../../../edge/redis/redis-circuit.ts";
import { createRedisClient } from "../../../edge/redis/redis-client.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";

const TOKEN = "test-token";
const DAY_MS = 86_400_000;
const ISOLATES = 4;
const GENEROUS: ProjectLimits = {
  events: { perSecond: 100_000, burst: 1_000_000 },
  requests: { perSecond: 100_000, burst: 1_000_000 },
  queryUnits: { perSecond: 100_000, burst: 1_000_000 },
  eventsPerDay: undefined,
  requestsPerDay: undefined,
  concurrentQueries: 16,
};
/** Refills one in a quarter of an hour: no test lasts that long. */
const TEN = { perSecond: 0.001, burst: 10 };

let server: RedisService;
let upstash: LoopbackServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  upstash = await startUpstashHttp({ redisUrl: server.url, token: TOKEN, port: 0 });
  redis = createClient();
});

afterAll(async () => {
  await upstash?.close();
  await server?.stop();
});

describe("The admission script", () => {
  it("takes from no limit when one refuses, and tells what is left of each", async () => {
    const limits = { ...GENEROUS, events: TEN, requests: { perSecond: 0.001, burst: 2 } };
    const [memory] = createMemories(limits);
    const projectId = newProject();
    await memory.admit(projectId, newIds(4));
    const before = await redis.hgetall(`limit:${projectId}`);

    const tooMany = await memory.admit(projectId, newIds(7));
    expect(limitOf(tooMany, "events")).toMatchObject({ isExceeded: true, remaining: 6 });
    expect(limitOf(tooMany, "requests")).toMatchObject({ isExceeded: false, remaining: 1 });
    expect(await redis.hgetall(`limit:${projectId}`)).toEqual(before);

    expect(passes(await memory.admit(projectId, newIds(1)))).toBe(true);
    const tooOften = await memory.admit(projectId, newIds(1));
    expect(limitOf(tooOften, "events")).toMatchObject({ isExceeded: false, remaining: 5 });
    const requests = limitOf(tooOften, "requests");
    expect(requests).toMatchObject({ isExceeded: true, remaining: 0 });
    // One request is missing, a thousand seconds' worth; some of them have passed.
    expect(requests.resetMs).toBeGreaterThan(800_000);
    expect(requests.resetMs).toBeLessThanOrEqual(1_000_000);

    const both = await memory.admit(projectId, newIds(8));
    expect(exceededOf(both)).toEqual(["events", "requests"]);
  });

  it("passes exactly what the request limit allows, over isolates that ask at once", async () => {
    const requests = { perSecond: 20, burst: 50 };
    const memories = createMemories({ ...GENEROUS, requests });
    const projectId = newProject();
    const { answers, elapsedMs } = await measured(() =>
      admitAtOnce(memories, projectId, 800, () => newIds(3)),
    );
    const passed = answers.filter(passes).length;
    expect(passed).toBeGreaterThanOrEqual(requests.burst);
    expect(passed).toBeLessThanOrEqual(
      requests.burst + (elapsedMs * requests.perSecond) / 1_000 + 1,
    );
  });

  it("passes exactly what both limits allow, when requests are of many sizes", async () => {
    const events = { perSecond: 50, burst: 400 };
    const requests = { perSecond: 30, burst: 60 };
    const memories = createMemories({ ...GENEROUS, events, requests });
    const projectId = newProject();
    const sizes = (index: number) => 1 + ((index * 7) % 20);
    const { answers, elapsedMs } = await measured(() =>
      admitAtOnce(memories, projectId, 400, (index) => newIds(sizes(index))),
    );
    const passed = answers.flatMap((answer, index) => (passes(answer) ? [sizes(index)] : []));
    const sum = passed.reduce((total, size) => total + size, 0);
    const seconds = elapsedMs / 1_000;
    expect(passed.length).toBeLessThanOrEqual(requests.burst + seconds * requests.perSecond + 1);
    expect(sum).toBeLessThanOrEqual(events.burst + seconds * events.perSecond + 1);
    // One of them is used up: a request of the largest size would not pass any more.
    const isUsedUp = passed.length >= requests.burst || sum > events.burst - 20;
    expect(isUsedUp).toBe(true);
  });
});

describe("The quotas of the admission script", () => {
  const limits: ProjectLimits = { ...GENEROUS, eventsPerDay: 10, requestsPerDay: 3 };

  it("count events and requests, and refuse until Redis' midnight with nothing taken", async () => {
    const [memory] = createMemories(limits);
    const projectId = newProject();
    const first = await memory.admit(projectId, newIds(6));
    expect(limitOf(first, "events-per-day")).toMatchObject({ remaining: 4, quota: 10 });
    expect(limitOf(first, "requests-per-day")).toMatchObject({ remaining: 2, quota: 3 });
    const before = await redis.hgetall(`quota:${projectId}`);
    const bucket = await redis.hgetall(`limit:${projectId}`);

    const tooMany = await memory.admit(projectId, newIds(5));
    expect(exceededOf(tooMany)).toEqual(["events-per-day"]);
    const untilMidnightMs = DAY_MS - ((await redisTimeMs()) % DAY_MS);
    const { resetMs } = limitOf(tooMany, "events-per-day");
    expect(resetMs).toBeGreaterThanOrEqual(untilMidnightMs);
    expect(resetMs).toBeLessThan(untilMidnightMs + 60_000);
    expect(await redis.hgetall(`quota:${projectId}`)).toEqual(before);
    expect(await redis.hgetall(`limit:${projectId}`)).toEqual(bucket);

    await memory.admit(projectId, newIds(1));
    await memory.admit(projectId, newIds(1));
    const tooOften = await memory.admit(projectId, newIds(3));
    expect(exceededOf(tooOften)).toEqual(["events-per-day", "requests-per-day"]);
    expect(exceededOf(await memory.admit(projectId, newIds(1)))).toEqual(["requests-per-day"]);
  });

  it("begin anew with the day of Redis' clock", async () => {
    const [memory] = createMemories(limits);
    const projectId = newProject();
    const today = Math.floor((await redisTimeMs()) / DAY_MS);
    await redis.hset(`quota:${projectId}`, { day: today - 1, events: 10, requests: 3 });
    const first = await memory.admit(projectId, newIds(4));
    expect(limitOf(first, "events-per-day")).toMatchObject({ isExceeded: false, remaining: 6 });
    const [day, events, requests] = await Promise.all(
      ["day", "events", "requests"].map((field) => redis.hget(`quota:${projectId}`, field)),
    );
    expect([events, requests]).toEqual(["4", "1"]);
    // It may have become midnight meanwhile.
    expect([today, today + 1]).toContain(Number(day));
  });

  it.each([
    ["are used up when the day's are", { events: 10, requests: 1 }, ["events-per-day"]],
    ["take no number for none", { events: "x", requests: "" }, []],
  ])("%s", async (_, used, exceeded) => {
    const [memory] = createMemories(limits);
    const projectId = newProject();
    const day = Math.floor((await redisTimeMs()) / DAY_MS);
    await redis.hset(`quota:${projectId}`, { day, ...used });
    expect(exceededOf(await memory.admit(projectId, newIds(1)))).toEqual(exceeded);
  });

  it("are forgotten after two days, and not kept where there are none", async () => {
    const [memory] = createMemories(limits);
    const projectId = newProject();
    await memory.admit(projectId, newIds(1));
    const ttlSeconds = await redis.ttl(`quota:${projectId}`);
    expect(ttlSeconds).toBeGreaterThan(86_400);
    expect(ttlSeconds).toBeLessThanOrEqual(172_800);
    const [unlimited] = createMemories(GENEROUS);
    const other = newProject();
    expect(await unlimited.admit(other, newIds(1))).toMatchObject({ rateLimit: { length: 2 } });
    expect(await redis.exists(`quota:${other}`)).toBe(0);
  });

  it("pass exactly what the day allows, over isolates that ask at once", async () => {
    const memories = createMemories({ ...GENEROUS, eventsPerDay: 300, requestsPerDay: 120 });
    const projectId = newProject();
    const today = Math.floor((await redisTimeMs()) / DAY_MS);
    const answers = await admitAtOnce(memories, projectId, 400, () => newIds(2));
    const isOneDay = Math.floor((await redisTimeMs()) / DAY_MS) === today;
    const passed = answers.filter(passes).length;
    expect(passed).toBeGreaterThanOrEqual(120);
    expect(passed).toBeLessThanOrEqual(isOneDay ? 120 : 240);
  });
});

describe("The query script", () => {
  it("takes what a question costs, and refuses with nothing taken", async () => {
    const [budget] = createBudgets({ ...GENEROUS, queryUnits: TEN });
    const projectId = newProject();
    expect(await budget.spend(projectId, 4)).toEqual([
      {
        name: "queries",
        unit: "query-units",
        quota: 10,
        windowSeconds: 10_000,
        remaining: 6,
        resetMs: 4_000_000,
        isExceeded: false,
      },
    ]);
    const before = await redis.hgetall(`queries:${projectId}`);
    const [refused] = (await budget.spend(projectId, 7)) ?? [];
    expect(refused).toMatchObject({ isExceeded: true, remaining: 6 });
    expect(refused?.resetMs).toBeGreaterThan(800_000);
    expect(await redis.hgetall(`queries:${projectId}`)).toEqual(before);
    expect(await budget.spend(projectId, 6)).toMatchObject([{ isExceeded: false, remaining: 0 }]);
    expect(await budget.spend(newProject(), 10)).toMatchObject([{ isExceeded: false }]);
  });

  it("passes exactly what the limit allows, over isolates that ask at once", async () => {
    const queryUnits = { perSecond: 20, burst: 200 };
    const budgets = createBudgets({ ...GENEROUS, queryUnits });
    const projectId = newProject();
    const { answers, elapsedMs } = await measured(() =>
      Promise.all(
        Array.from({ length: 400 }, (_, index) =>
          budgets[index % ISOLATES]?.spend(projectId, 1 + (index % 4)),
        ),
      ),
    );
    const units = answers.map((decision, index) => {
      if (decision === undefined) throw new Error("Redis did not answer");
      return isAllowed(decision) ? 1 + (index % 4) : 0;
    });
    const sum = units.reduce((total, one) => total + one, 0);
    expect(sum).toBeGreaterThanOrEqual(queryUnits.burst - 3);
    expect(sum).toBeLessThanOrEqual(
      queryUnits.burst + (elapsedMs * queryUnits.perSecond) / 1_000 + 1,
    );
  });

  it("limits nobody when the key holds something else", async () => {
    const [budget] = createBudgets(GENEROUS);
    const projectId = newProject();
    await redis.set(`queries:${projectId}`, "text");
    expect(await budget.spend(projectId, 1)).toBeUndefined();
  });
});

/** As many isolates: each has a client and a circuit of its own. */
function createMemories(limits: ProjectLimits) {
  return isolates((redis, circuit) =>
    createRedisMemory({ redis, circuit, timeoutMs: 20_000, limitsOf: () => limits }),
  );
}

function createBudgets(limits: ProjectLimits) {
  return isolates((redis, circuit) =>
    createRedisBudget({ redis, circuit, timeoutMs: 20_000, limitsOf: () => limits }),
  );
}

function isolates<Part>(
  create: (redis: Redis, circuit: ReturnType<typeof createRedisCircuit>) => Part,
): [Part, ...Part[]] {
  const ignore = () => {};
  const logger = { info: ignore, warn: ignore, error: ignore };
  const make = () => create(createClient(), createRedisCircuit(logger));
  return [make(), ...Array.from({ length: ISOLATES - 1 }, make)];
}

function createClient(): Redis {
  return createRedisClient({ url: upstash.url, token: TOKEN, timeoutMs: 20_000 });
}

async function admitAtOnce(
  memories: ReturnType<typeof createMemories>,
  projectId: string,
  count: number,
  idsOf: (index: number) => string[],
): Promise<MemoryAnswer[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      (memories[index % ISOLATES] ?? memories[0]).admit(projectId, idsOf(index)),
    ),
  );
}

/** By Redis' clock, which the limits go by. */
async function measured<Answers>(work: () => Promise<Answers>) {
  const startedMs = await redisTimeMs();
  const answers = await work();
  return { answers, elapsedMs: (await redisTimeMs()) - startedMs };
}

async function redisTimeMs(): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function limitOf({ rateLimit }: MemoryAnswer, name: LimitName): LimitState {
  const found = rateLimit?.find((limit) => limit.name === name);
  if (found === undefined) throw new Error(`no limit ${name}`);
  return found;
}

function exceededOf({ rateLimit }: MemoryAnswer): LimitName[] | undefined {
  return rateLimit?.filter(({ isExceeded }) => isExceeded).map(({ name }) => name);
}

function passes({ rateLimit }: MemoryAnswer): boolean {
  if (rateLimit === undefined) throw new Error("Redis did not answer");
  return isAllowed(rateLimit);
}

function newProject(): string {
  return `project-${randomUUID().slice(0, 8)}`;
}

function newIds(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID());
}
