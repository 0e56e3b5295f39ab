import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { StatsQuery } from "../../contract/stats-query.ts";
import { createTestApp, emptyStore, post, READ_KEY, WRITE_KEY } from "./test-app.ts";

function createQueryApp() {
  const queries: StatsQuery[] = [];
  const app = createTestApp({
    store: {
      ...emptyStore(),
      readStats: async (_, query) => {
        queries.push(query);
        return { rows: [], asOf: "2026-06-01T11:59:59.500Z", sources: ["events"] };
      },
    },
  });
  const ask = (body: unknown, headers: Record<string, string> = {}) =>
    app.fetch("/v1/query", post(body, { authorization: `Bearer ${READ_KEY}`, ...headers }));
  return { ask, queries, app };
}

const RANGE = { from: "2026-05-01", to: "2026-05-03" };
const QUERY = { kind: "events", interval: "day", ...RANGE };

describe("POST /v1/query", () => {
  it("answers as the route of the kind does, from the same cache", async () => {
    const { ask, app, queries } = createQueryApp();
    const posted = await ask({ to: RANGE.to, interval: "day", from: RANGE.from, kind: "events" });
    expect(posted.status).toBe(200);
    const got = await app.fetch(
      `/v1/stats/events?interval=day&from=2026-05-01&to=2026-05-03&key=${READ_KEY}`,
    );
    const answer = (await got.json()) as { meta: object };
    expect(await posted.json()).toEqual({ ...answer, meta: { ...answer.meta, cache: "miss" } });
    expect(answer.meta).toMatchObject({ cache: "hit" });
    expect(got.headers.get("etag")).toBe(posted.headers.get("etag"));
    expect(queries).toHaveLength(1);
  });

  it("takes filters and steps as JSON, also gzipped", async () => {
    const { ask, queries } = createQueryApp();
    const filters = [{ field: "properties.amount", op: "gte", value: 10 }];
    await ask({ ...QUERY, filters });
    const funnel = { kind: "funnel", ...RANGE, steps: ["visit", { event_type: "buy", filters }] };
    await ask(gzipSync(JSON.stringify(funnel)), { "content-encoding": "gzip" });
    expect(queries).toMatchObject([
      { kind: "events", filters },
      {
        kind: "funnel",
        steps: [
          { event_type: "visit", filters: [] },
          { event_type: "buy", filters },
        ],
      },
    ]);
  });

  it.each<[string, unknown, { pointer: string; detail: string | RegExp }]>([
    ["no kind", RANGE, { pointer: "/kind", detail: /kind/ }],
    ["a list", [QUERY], { pointer: "", detail: /The query/ }],
    [
      "an unknown member",
      { ...QUERY, foo: 1 },
      { pointer: "/foo", detail: 'Unknown member "foo"' },
    ],
    [
      "too many buckets",
      { ...QUERY, interval: "minute" as const, to: "2026-07-01" },
      {
        pointer: "/interval",
        detail: "interval minute cuts the range into 87840 buckets, at most 10000 are answered",
      },
    ],
    [
      "too many values",
      {
        ...QUERY,
        interval: "hour" as const,
        to: "2027-05-01",
        breakdown: "event_type",
        limit: 100,
      },
      {
        pointer: "/limit",
        detail:
          "limit 100 groups and the rest, in 8760 buckets, make 884760 values, at most 50000 are answered",
      },
    ],
    [
      "too many cells",
      { kind: "retention", interval: "day", from: "2025-01-01", to: "2026-01-01", periods: 366 },
      {
        pointer: "/periods",
        detail: "periods 366 of 365 cohorts make 133955 numbers, at most 10000 are answered",
      },
    ],
    [
      "too many groups",
      { ...QUERY, breakdown: "event_type", limit: 101 },
      { pointer: "/limit", detail: "limit must be a whole number from 1 to 100" },
    ],
    [
      "too many filters",
      { ...QUERY, filters: Array(11).fill({ field: "properties.a", op: "exists" }) },
      { pointer: "/filters", detail: "filters are more than 10" },
    ],
  ])("answers 422 for %s", async (_, body, { pointer, detail }) => {
    const { ask, queries } = createQueryApp();
    const response = await ask(body);
    expect(response.status).toBe(422);
    const { type, errors } = (await response.json()) as {
      type: string;
      errors: { pointer: string; detail: string }[];
    };
    expect(type).toBe("/problems/invalid-query");
    const error = errors.find((one) => one.pointer === pointer);
    expect(error?.detail).toMatch(detail);
    expect(queries).toEqual([]);
  });

  it.each<[string, RequestInit["body"], Record<string, string>, number, string]>([
    ["no JSON", "{", {}, 400, "Cannot read body: it is not JSON"],
    ["no body", "", {}, 400, "Cannot read body: it is not JSON"],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), {}, 400, "Cannot read body: it is not UTF-8"],
    [
      "a repeated key",
      '{"kind":"events","kind":"funnel"}',
      {},
      400,
      "Cannot read body: an object in it repeats a key",
    ],
    [
      "more than 64 KiB",
      " ".repeat(64 * 1024 + 1),
      {},
      413,
      "The body is larger than 65536 bytes when decoded",
    ],
    [
      "a gzip bomb",
      gzipSync(new Uint8Array(10_000_000)),
      {},
      413,
      "The body is larger than 65536 bytes when decoded",
    ],
    [
      "a form",
      "kind=events",
      { "content-type": "application/x-www-form-urlencoded" },
      415,
      'Content-Type "application/x-www-form-urlencoded" is not supported: send application/json',
    ],
  ])("refuses %s", async (_, body, headers, status, detail) => {
    const { ask } = createQueryApp();
    const response = await ask(body, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ detail });
  });

  it("counts a body without a length while it streams", async () => {
    const { ask } = createQueryApp();
    const chunk = new Uint8Array(16 * 1024).fill(0x20);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < 100) controller.enqueue(chunk);
        else controller.close();
      },
    });
    expect((await ask(body)).status).toBe(413);
  });

  it("needs a read key before it reads the body, and POST", async () => {
    const { ask, app } = createQueryApp();
    expect((await ask("{", { authorization: `Bearer ${WRITE_KEY}` })).status).toBe(403);
    expect((await app.fetch("/v1/query", { method: "POST", body: "{" })).status).toBe(401);
    const response = await app.fetch("/v1/query");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});
