import { describe, expect, it } from "vitest";
import type { StatsQuery } from "../../contract/stats-query.ts";
import type { StatsReading } from "../../contract/stats-row.ts";
import { ProblemError } from "../../edge/http/problem.ts";
import {
  createTestApp,
  emptyStore,
  NOW_MS,
  OTHER_KEY,
  post,
  READ_KEY,
  sampleEvent,
  WRITE_KEY,
} from "./test-app.ts";

type Call = { projectId: string; query: StatsQuery };

function createStatsApp(reading: Partial<StatsReading> = {}) {
  const calls: Call[] = [];
  let nowMs = NOW_MS;
  const app = createTestApp({
    now: () => nowMs,
    store: {
      ...emptyStore(),
      async readStats(projectId, query) {
        calls.push({ projectId, query });
        return { rows: [], asOf: "2026-06-01T11:59:59.500Z", sources: ["user_days"], ...reading };
      },
    },
  });
  const get = (path: string, headers: Record<string, string> = {}) =>
    app.fetch(`/v1/stats${path}`, {
      headers: { authorization: `Bearer ${READ_KEY}`, ...headers },
    });
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { calls, get, app, wait };
}

const PATH = "/active-users?interval=day&from=2026-05-01&to=2026-05-03";

describe("GET /v1/stats/…", () => {
  it("answers with every bucket and where the numbers come from", async () => {
    const { get, calls } = createStatsApp({
      rows: [{ bucket: "2026-05-02T00:00:00+00:00", users: 7 }],
    });
    const response = await get(PATH);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    const query = {
      kind: "active_users",
      interval: "day",
      from: "2026-05-01T00:00:00Z",
      to: "2026-05-03T00:00:00Z",
    };
    expect(await response.json()).toEqual({
      data: [
        { bucket: "2026-05-01T00:00:00Z", users: 0 },
        { bucket: "2026-05-02T00:00:00Z", users: 7 },
      ],
      meta: {
        query,
        as_of: "2026-06-01T11:59:59.500Z",
        lag_ms: 500,
        sources: ["user_days"],
        cache: "miss",
        elapsed_ms: 0,
      },
    });
    expect(calls).toEqual([{ projectId: "demo", query }]);
  });

  it.each([
    ["/active-users?interval=week&", "active_users"],
    ["/top-events?", "top_events"],
    ["/events?interval=hour&", "events"],
    ["/retention?interval=week&", "retention"],
    ["/funnel?steps=visit,signup&", "funnel"],
  ])("asks %s for %s", async (path, kind) => {
    const { get, calls } = createStatsApp();
    expect((await get(`${path}from=2026-05-01&to=2026-05-03`)).status).toBe(200);
    expect(calls.map((call) => call.query.kind)).toEqual([kind]);
  });

  it("takes the key as a parameter too", async () => {
    const { app } = createStatsApp();
    const response = await app.fetch(`/v1/stats${PATH}&key=${READ_KEY}`);
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).not.toContain(READ_KEY);
  });

  it("says null while it is not known how fresh the numbers are", async () => {
    const { get } = createStatsApp({ asOf: null });
    const response = await get(PATH);
    expect(await response.json()).toMatchObject({ meta: { as_of: null, lag_ms: null } });
    expect(response.headers.get("cache-control")).toBe("private, max-age=5");
  });

  it("never says a negative lag", async () => {
    const { get } = createStatsApp({ asOf: new Date(NOW_MS + 60_000).toISOString() });
    expect(await (await get(PATH)).json()).toMatchObject({ meta: { lag_ms: 0 } });
  });

  it.each([
    ["minutes for a range that ended over a day ago", "to=2026-05-31T11:59:59Z", 300],
    ["seconds for one that ended since", "to=2026-05-31T12:00:00Z", 5],
    ["seconds for one that includes now", "to=2026-07-01", 5],
  ])("lets a client keep the answer %s", async (_, to, seconds) => {
    const { get } = createStatsApp();
    const response = await get(`/top-events?from=2026-05-01&${to}`);
    expect(response.headers.get("cache-control")).toBe(`private, max-age=${seconds}`);
    expect(response.headers.get("vary")).toBe("Authorization");
  });

  it("answers 304 to the ETag of the same numbers, and not of others", async () => {
    const { get } = createStatsApp();
    const etag = (await get(PATH)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);

    const later = createStatsApp({ asOf: "2026-06-01T12:00:00Z" });
    for (const tags of [etag, etag.slice(2), `"other", ${etag}`, "*"]) {
      const response = await later.get(PATH, { "if-none-match": tags });
      expect([response.status, await response.text()]).toEqual([304, ""]);
      expect(response.headers.get("etag")).toBe(etag);
      expect(response.headers.get("cache-control")).toBe("private, max-age=300");
    }

    const changed = createStatsApp({ rows: [{ bucket: "2026-05-02T00:00:00Z", users: 1 }] });
    expect((await changed.get(PATH, { "if-none-match": etag })).status).toBe(200);
    const otherQuery = await get(`${PATH}T00:00:01Z`, { "if-none-match": etag });
    expect(otherQuery.status).toBe(200);
  });

  it("answers 422 with everything that is wrong", async () => {
    const { get, calls } = createStatsApp();
    const response = await get("/active-users?interval=year&from=2026-05-01&foo=1");
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      type: "/problems/invalid-query",
      errors: [
        { pointer: "/foo", detail: 'Unknown parameter "foo": known are interval, from, to' },
        { pointer: "/interval", detail: "interval must be day, week or month" },
        { pointer: "/to", detail: "to is missing" },
      ],
    });
    expect(calls).toEqual([]);
  });

  it("refuses a write key, and no key", async () => {
    const { get, app, calls } = createStatsApp();
    expect((await get(PATH, { authorization: `Bearer ${WRITE_KEY}` })).status).toBe(403);
    expect((await app.fetch(`/v1/stats${PATH}`)).status).toBe(401);
    expect(calls).toEqual([]);
  });

  it("answers 503 without the reason when the store cannot be read", async () => {
    const app = createTestApp({
      store: {
        ...emptyStore(),
        readStats: async () => {
          const cause = new Error("password authentication failed");
          throw new ProblemError("store-unavailable", { headers: { "retry-after": "2" }, cause });
        },
      },
    });
    const response = await app.fetch(`/v1/stats${PATH}&key=${READ_KEY}`);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    expect(await response.text()).not.toContain("password");
    expect(app.logs).toEqual(["request failed"]);
  });
});

describe("GET /v1/stats/… from the cache", () => {
  type Answer = { data: unknown; meta: { cache: string; lag_ms: number; as_of: string } };
  const OPEN = "/top-events?from=2026-05-01&to=2026-07-01";

  it("says so, and how old the numbers are by now", async () => {
    const { get, calls, wait } = createStatsApp();
    const fresh = (await (await get(OPEN)).json()) as Answer;
    expect(fresh.meta).toMatchObject({ cache: "miss", lag_ms: 500 });
    wait(2_000);
    const response = await get(OPEN);
    const kept = (await response.json()) as Answer;
    expect(kept).toEqual({ ...fresh, meta: { ...fresh.meta, cache: "hit", lag_ms: 2_500 } });
    expect(response.headers.get("cache-control")).toBe("private, max-age=3");
    wait(4_000);
    const stale = await get(OPEN);
    expect(await stale.json()).toMatchObject({ meta: { cache: "stale", lag_ms: 6_500 } });
    expect(stale.headers.get("cache-control")).toBe("private, max-age=0");
    expect((await (await get(OPEN)).json()) as Answer).toMatchObject({ meta: { cache: "hit" } });
    expect(calls).toHaveLength(2);
  });

  it("answers 304 from it", async () => {
    const { get, calls } = createStatsApp();
    const etag = (await get(OPEN)).headers.get("etag") ?? "";
    expect((await get(OPEN, { "if-none-match": etag })).status).toBe(304);
    expect(calls).toHaveLength(1);
  });

  it("is passed by on demand, and keeps the newer answer", async () => {
    const { get, calls } = createStatsApp();
    await get(OPEN);
    for (const directive of ["no-cache", "no-store", "max-age=0, No-Cache"]) {
      const response = await get(OPEN, { "cache-control": directive });
      expect(await response.json()).toMatchObject({ meta: { cache: "miss" } });
    }
    expect(calls).toHaveLength(4);
    await get(OPEN, { "cache-control": "max-age=0" });
    expect(calls).toHaveLength(4);
  });

  it("knows a question however it is written", async () => {
    const { get, calls } = createStatsApp();
    await get("/top-events?from=2026-05-01&to=2026-07-01&limit=10");
    await get("/top-events?to=2026-07-01T02:00:00%2B02:00&from=2026-05-01T00:00:00Z");
    await get(`${OPEN}&key=${READ_KEY}`);
    expect(calls).toHaveLength(1);
    await get(`${OPEN}&limit=11`);
    expect(calls).toHaveLength(2);
  });

  it("is for the project whose key is sent, and for nobody without one", async () => {
    const { get, app, calls } = createStatsApp();
    await get(OPEN);
    expect((await app.fetch(`/v1/stats${OPEN}`)).status).toBe(401);
    const forged = `${READ_KEY.slice(0, -1)}${READ_KEY.endsWith("0") ? "1" : "0"}`;
    for (const [key, status] of [
      [WRITE_KEY, 403],
      [forged, 401],
      [OTHER_KEY, 200],
    ] as const) {
      const response = await get(OPEN, { authorization: `Bearer ${key}` });
      expect(response.status).toBe(status);
      await response.text();
    }
    expect(calls.map(({ projectId }) => projectId)).toEqual(["demo", "other"]);
  });

  it("keeps no error", async () => {
    let isAway = true;
    const app = createTestApp({
      store: {
        ...emptyStore(),
        readStats: async () => {
          if (isAway) throw new ProblemError("store-timeout", { detail: "It was slow" });
          return { rows: [], asOf: null, sources: [] };
        },
      },
    });
    const path = `/v1/stats${OPEN}&key=${READ_KEY}`;
    expect((await app.fetch(path)).status).toBe(504);
    isAway = false;
    expect((await app.fetch(path)).status).toBe(200);
  });

  it("is forgotten when a client has waited for its rows", async () => {
    const { get, app, wait, calls } = createStatsApp();
    await get(OPEN);
    wait(1);
    await app.fetch("/v1/events?wait=stored", post(sampleEvent(1)));
    wait(1);
    expect(await (await get(OPEN)).json()).toMatchObject({ meta: { cache: "miss" } });
    expect(calls).toHaveLength(2);
  });
});
