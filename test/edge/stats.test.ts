import { describe, expect, it } from "vitest";
import type { StatsQuery } from "../../contract/stats-query.ts";
import type { StatsReading } from "../../contract/stats-row.ts";
import { ProblemError } from "../../edge/problem.ts";
import { createTestApp, emptyStore, NOW_MS, READ_KEY, WRITE_KEY } from "./test-app.ts";

type Call = { projectId: string; query: StatsQuery };

function createStatsApp(reading: Partial<StatsReading> = {}) {
  const calls: Call[] = [];
  const app = createTestApp({
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
  return { calls, get, app };
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
