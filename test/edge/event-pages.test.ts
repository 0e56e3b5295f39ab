import { describe, expect, it } from "vitest";
import type { EventPageQuery } from "../../contract/event-page.ts";
import type { StoredEvent } from "../../contract/receipt.ts";
import { createTestApp, emptyStore, READ_KEY, WRITE_KEY } from "./test-app.ts";

const eventAt = (occurred_at: string): StoredEvent => ({
  event_id: "00000000-0000-4000-8000-00000000000a",
  occurred_at,
  received_at: "2026-06-01T00:00:00.000Z",
  event_type: "signup",
  user_id: "u",
  properties: { plan: "pro" },
});
const EVENTS = [eventAt("2026-05-02T00:00:00.000001Z"), eventAt("2026-05-01T00:00:00.000Z")];

function createPagesApp({ hasMore = true, events = EVENTS } = {}) {
  const calls: { projectId: string; query: EventPageQuery }[] = [];
  const app = createTestApp({
    store: {
      ...emptyStore(),
      readPage: async (projectId, query) => {
        calls.push({ projectId, query });
        return { events, hasMore, asOf: "2026-06-01T11:59:59.500Z", sources: ["events"] };
      },
    },
  });
  const get = (path: string, key = READ_KEY) =>
    app.fetch(path, { headers: { authorization: `Bearer ${key}` } });
  return { get, calls, app };
}

type Page = { data: unknown; next_cursor: string | null; meta: unknown };

describe("GET /v1/events", () => {
  it("answers a page with how fresh it is, and is not to be kept", async () => {
    const { get, calls } = createPagesApp({ hasMore: false });
    const response = await get("/v1/events");
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(await response.json()).toEqual({
      data: EVENTS,
      next_cursor: null,
      meta: {
        as_of: "2026-06-01T11:59:59.500Z",
        lag_ms: 500,
        sources: ["events"],
        elapsed_ms: 0,
      },
    });
    expect(calls).toEqual([{ projectId: "demo", query: { filters: [], limit: 100 } }]);
  });

  it("gives a cursor that leads on from the last event", async () => {
    const { get, calls } = createPagesApp();
    const { next_cursor } = (await (await get("/v1/events?limit=2")).json()) as Page;
    expect(next_cursor).toMatch(/^[\w-]+$/);
    await get(`/v1/events?limit=2&cursor=${next_cursor}`);
    const { event_id, occurred_at } = EVENTS[1] as StoredEvent;
    expect(calls[1]?.query.cursor).toEqual({ event_id, occurred_at });
  });

  it("takes a range, a type, a user and filters", async () => {
    const { get, calls } = createPagesApp();
    await get(
      "/v1/events?from=2026-05-01&to=2026-06-01&event_type=a&user_id=u%201&filter=properties.a:eq:1",
    );
    expect(calls[0]?.query).toEqual({
      from: "2026-05-01T00:00:00Z",
      to: "2026-06-01T00:00:00Z",
      event_type: "a",
      user_id: "u 1",
      filters: [{ field: "properties.a", op: "eq", value: "1" }],
      limit: 100,
    });
  });

  it.each([
    ["limit=1001", "/limit", "limit must be a whole number from 1 to 1000"],
    ["cursor=abc", "/cursor", "cursor is none that an earlier page gave"],
    ["from=2026-06-01&to=2026-06-01", "/to", "to must be later than from"],
    [
      "foo=1",
      "/foo",
      'Unknown parameter "foo": known are from, to, event_type, user_id, filter, limit, cursor',
    ],
    ["user_id=", "/user_id", "user_id is empty"],
  ])("answers 422 for %s", async (search, pointer, detail) => {
    const { get, calls } = createPagesApp();
    const response = await get(`/v1/events?${search}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer, detail }] });
    expect(calls).toEqual([]);
  });

  it("needs a read key", async () => {
    const { get, app } = createPagesApp();
    expect((await get("/v1/events", WRITE_KEY)).status).toBe(403);
    expect((await app.fetch("/v1/events")).status).toBe(401);
  });
});

describe("GET /v1/users/{user_id}/events", () => {
  it.each([
    "u",
    "a/b",
    "50%",
    "%41",
    "a b+c",
    "Ünï 👋",
    "?#&=",
    "'; drop table events; --",
    "x".repeat(200),
  ])("asks for user %j", async (userId) => {
    const { get, calls } = createPagesApp();
    const response = await get(`/v1/users/${encodeURIComponent(userId)}/events?limit=5`);
    expect(response.status).toBe(200);
    expect(calls).toEqual([
      { projectId: "demo", query: { filters: [], limit: 5, user_id: userId } },
    ]);
  });

  it.each([
    ["x".repeat(201), "user_id is longer than 200 characters"],
    ["%00", "user_id holds a NUL or a lone surrogate"],
    ["%ff", "user_id is not percent-encoded UTF-8"],
    ["%zz", "user_id is not percent-encoded UTF-8"],
  ])("answers 422 for %s", async (segment, detail) => {
    const { get, calls } = createPagesApp();
    const response = await get(`/v1/users/${segment}/events`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/user_id", detail }] });
    expect(calls).toEqual([]);
  });

  it("does not take the user as a parameter too", async () => {
    const { get } = createPagesApp();
    const response = await get("/v1/users/u/events?user_id=v");
    expect(response.status).toBe(422);
  });

  it("needs a read key", async () => {
    const { get, app } = createPagesApp();
    expect((await get("/v1/users/u/events", WRITE_KEY)).status).toBe(403);
    expect((await app.fetch("/v1/users/u/events")).status).toBe(401);
  });
});
