import { describe, expect, it } from "vitest";
import { createLimitCounters } from "../../edge/limits/limit-counters.ts";
import { createLocalLimits } from "../../edge/limits/local-limits.ts";
import { createQueryLimiter } from "../../edge/limits/query-limiter.ts";
import type { RateLimitDecision } from "../../edge/limits/rate-limit.ts";
import {
  createTestApp,
  emptyStore,
  LIMITS,
  NOW_MS,
  post,
  READ_KEY,
  sampleEvent,
} from "./test-app.ts";

const TOP_EVENTS = "/v1/stats/top-events?from=2026-06-01&to=2026-07-01";
const EVENT_ID = "00000000-0000-4000-8000-000000000000";
const RANGE = "from=2026-06-01&to=2026-07-01";

/** A budget of so many units that never fills up, or, with undefined, Redis that does not answer. */
function createApp(units: number | undefined) {
  let nowMs = NOW_MS;
  let left = units;
  const spent: number[] = [];
  const asked: string[] = [];
  const now = () => nowMs;
  const limitCounters = createLimitCounters();
  const spend = async (_: string, cost: number): Promise<RateLimitDecision | undefined> => {
    if (left === undefined) return undefined;
    const isExceeded = left < cost;
    if (!isExceeded) {
      left -= cost;
      spent.push(cost);
    }
    return [
      {
        name: "queries",
        unit: "query-units",
        quota: 40,
        windowSeconds: 2,
        remaining: left,
        resetMs: 1_500,
        isExceeded,
      },
    ];
  };
  const noting = <Answer>(name: string, answer: Answer) => {
    return async () => {
      asked.push(name);
      return answer;
    };
  };
  const app = createTestApp({
    now,
    limitCounters,
    queries: createQueryLimiter({
      budget: { spend },
      limitsOf: () => ({ ...LIMITS, queryUnits: { perSecond: 10, burst: 40 } }),
      localLimits: createLocalLimits(now),
      counters: limitCounters,
      now,
    }),
    store: {
      ...emptyStore(),
      readStats: noting("stats", { rows: [], asOf: null, sources: [] }),
      readPage: noting("page", { events: [], hasMore: false, asOf: null, sources: [] }),
      findEvent: noting("event", { events: [], asOf: null }),
      hasAll: noting("rows", true),
    },
    worker: { ask: async () => ({}) as never, open: noting("export", new Response("")) },
  });
  const get = (path: string, headers: Record<string, string> = {}) =>
    app.fetch(path, { headers: { authorization: `Bearer ${READ_KEY}`, ...headers } });
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { fetch: app.fetch, get, wait, spent, asked, limitCounters };
}

describe("A question that reaches the store", () => {
  it.each([
    ["statistics", TOP_EVENTS, 2],
    ["a page", "/v1/events", 2],
    ["a page with a filter", "/v1/events?filter=properties.a:exists", 4],
    ["a user's page", "/v1/users/u1/events", 2],
    ["a receipt", `/v1/events/${EVENT_ID}`, 1],
    ["an export", `/v1/export?${RANGE}`, 10],
  ])("costs: %s", async (_, path, cost) => {
    const { get, spent, asked } = createApp(100);
    const response = await get(path);
    expect(spent).toEqual([cost]);
    expect(asked.length).toBeGreaterThan(0);
    if (response.status !== 404) {
      expect(response.headers.get("ratelimit")).toBe(`"queries";r=${100 - cost};t=2`);
    }
  });

  it.each([
    ["statistics", TOP_EVENTS],
    ["a page", "/v1/events"],
    ["a receipt", `/v1/events/${EVENT_ID}`],
    ["an export", `/v1/export?${RANGE}`],
  ])(
    "is answered 429 when the units do not suffice, and the store is not asked: %s",
    async (_, path) => {
      const { get, asked, limitCounters } = createApp(0);
      const response = await get(path);
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("2");
      expect(response.headers.get("ratelimit-policy")).toBe('"queries";q=40;w=2;qu="query-units"');
      expect(response.headers.get("ratelimit")).toBe('"queries";r=0;t=2');
      expect(await response.json()).toMatchObject({
        type: "/problems/rate-limited",
        detail: expect.stringMatching(
          /^The project's limit of 40 query units in 2 s is exceeded; this question takes \d+: ask again later$/,
        ),
        "violated-policies": ["queries"],
      });
      expect(asked).toEqual([]);
      expect(limitCounters.refused.queries).toBe(1);
    },
  );

  it("costs: each look for the rows of ?wait=stored, which waits for units as it does for rows", async () => {
    const waitFor = async (units: number) => {
      const app = createApp(units);
      const response = await app.fetch("/v1/events?wait=stored", post(sampleEvent()));
      expect(response.status).toBe(202);
      return { ...app, body: await response.json() };
    };
    const rich = await waitFor(100);
    expect(rich.body).toMatchObject({ accepted: 1, stored: true });
    expect([rich.spent, rich.asked]).toEqual([[1], ["rows"]]);
    const poor = await waitFor(0);
    expect(poor.body).toMatchObject({ accepted: 1, stored: false });
    expect(poor.asked).toEqual([]);
  });

  it("costs nothing once its answer is kept, and as much again past the cache", async () => {
    const { get, spent } = createApp(100);
    await get(TOP_EVENTS);
    const kept = await get(TOP_EVENTS);
    expect(await kept.json()).toMatchObject({ meta: { cache: "hit" } });
    expect(kept.headers.get("ratelimit")).toBeNull();
    expect(spent).toEqual([2]);
    await get(TOP_EVENTS, { "cache-control": "no-cache" });
    expect(spent).toEqual([2, 2]);
  });

  it("costs once when many ask it at the same time", async () => {
    const { get, spent } = createApp(100);
    await Promise.all(Array.from({ length: 5 }, () => get(TOP_EVENTS)));
    expect(spent).toEqual([2]);
  });

  it("costs nothing when it is wrong", async () => {
    const { get, spent } = createApp(100);
    expect((await get("/v1/stats/top-events?from=never")).status).toBe(422);
    expect((await get("/v1/events?limit=0")).status).toBe(422);
    expect((await get("/v1/events/no-uuid")).status).toBe(404);
    expect(spent).toEqual([]);
  });

  it("is answered stale as before when no units are left to ask anew", async () => {
    const { get, wait, asked } = createApp(2);
    await get(TOP_EVENTS);
    wait(6_000);
    const stale = await get(TOP_EVENTS);
    expect(stale.status).toBe(200);
    expect(await stale.json()).toMatchObject({ meta: { cache: "stale" } });
    expect(asked).toEqual(["stats"]);
    wait(30_000);
    expect((await get(TOP_EVENTS)).status).toBe(429);
  });

  it("is asked when Redis does not answer, which is counted", async () => {
    const { get, limitCounters } = createApp(undefined);
    const response = await get(TOP_EVENTS);
    expect([response.status, response.headers.get("ratelimit")]).toEqual([200, null]);
    expect(limitCounters.unchecked.queries).toBe(1);
  });

  it("is limited by the isolate alone while Redis does not answer", async () => {
    const { get, wait, asked, limitCounters } = createApp(undefined);
    const exported = [];
    for (let index = 0; index < 5; index += 1) exported.push(await get(`/v1/export?${RANGE}`));
    expect(exported.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429]);
    expect(exported[4]?.headers.get("ratelimit")).toBe('"queries";r=0;t=1');
    expect(asked).toHaveLength(4);
    expect(limitCounters.unchecked.queries).toBe(4);
    wait(1_000);
    expect((await get(`/v1/export?${RANGE}`)).status).toBe(200);
  });
});
