import { randomUUID } from "node:crypto";
import fc from "fast-check";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { startNeonHttp } from "../../../local/neon-http.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { createEventTables, insertEvents, reportAsOf } from "../../support/event-tables.ts";
import type { NaiveEvent } from "../../support/naive-stats.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { type EdgeProcess, KEY_SECRET, startEdge } from "./edge-process.ts";
import { startWorkerDouble, WORKER_TOKEN, type WorkerDouble } from "./worker-double.ts";

let server: PostgresService;
let sql: Sql;
let neonHttp: LoopbackServer;
let worker: WorkerDouble;
let nats: NatsService;
let edge: EdgeProcess;

beforeAll(async () => {
  server = await startPostgres();
  sql = postgres(server.url, { max: 2, onnotice: () => {} });
  await createEventTables(sql);
  await insertEvents(sql, "demo", EVENTS);
  await reportAsOf(sql, "2024-06-01T00:00:00Z");
  neonHttp = await startNeonHttp({ databaseUrl: server.url.replace("@", ":any@"), port: 0 });
  worker = await startWorkerDouble(({ path, answer }) => {
    if (path !== "/query") return answer({}, 404);
    answer({ rows: [], asOf: null, sources: ["cold"], events: [], hasMore: false });
  });
  nats = await startNats();
  edge = await startEdge(nats, {
    DATABASE_URL: "postgresql://sluice:any@db.test/postgres",
    NEON_FETCH_ENDPOINT: `${neonHttp.url}/sql`,
    WORKER_URL: worker.url,
    WORKER_TOKEN,
  });
});
afterAll(async () => {
  await edge?.stop();
  await nats?.stop();
  await worker?.close();
  await neonHttp?.close();
  await sql?.end();
  await server?.stop();
});

const HOUR_MS = 3_600_000;
const START_MS = Date.parse("2024-05-01T00:00:00Z");
const USERS = ["ann", "O'Brien", "a/b%", "Ünï 👋"];

/** Two events an hour for two days, of the users in turn; each visits, and every other time signs up. */
const EVENTS: readonly NaiveEvent[] = Array.from({ length: 96 }, (_, index) => ({
  occurredAtMs: START_MS + Math.floor(index / 2) * HOUR_MS,
  eventType: index % 8 < 4 ? "visit" : "signup",
  userId: USERS[index % USERS.length] ?? "",
  properties: { plan: index % 8 < 4 ? "free" : "pro", n: index, "a'\"$1": "x" },
}));

const RANGE = "from=2024-05-01&to=2024-05-03";

type Answer = {
  readonly data: readonly Record<string, unknown>[];
  readonly next_cursor?: string | null;
  readonly meta: { readonly sources: readonly string[] };
};

/** What might mean something to a database, to JSON or to a URL, among ordinary characters. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.constantFrom("'", '"', "$1", "\\", "->>", "?", "@>", ".", ":", ",", "%", "--", "/*", ";"),
      fc.constantFrom("\0", "{", "}", "[", "__proto__", " or true", "e'", "\n", "x".repeat(10_000)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(""));

function ask(path: string, init: RequestInit = {}, projectId = "demo"): Promise<Response> {
  const key = createKey({ scope: "r", projectId, kid: "k1" }, KEY_SECRET);
  return fetch(edge.url + path, {
    ...init,
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "cache-control": "no-cache",
    },
  });
}

async function read(path: string, init?: RequestInit): Promise<Answer> {
  const response = await ask(path, init);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Answer;
}

async function readAllPages(path: string): Promise<Record<string, unknown>[]> {
  const { data, next_cursor } = await read(path);
  if (typeof next_cursor !== "string") return [...data];
  const [base, search] = path.split("?");
  const next = new URLSearchParams(search);
  next.set("cursor", next_cursor);
  return [...data, ...(await readAllPages(`${base}?${next}`))];
}

describe("the edge on a database", () => {
  it("answers a funnel, and the same as JSON", async () => {
    const data = [
      { step: 1, event_type: "visit", users: 4, conversion: 1 },
      { step: 2, event_type: "signup", users: 4, conversion: 1 },
    ];
    const got = await read(`/v1/stats/funnel?steps=visit,signup&window=1d&${RANGE}`);
    expect(got.data).toEqual(data);
    const query = {
      kind: "funnel",
      steps: ["visit", "signup"],
      window: "1d",
      from: "2024-05-01",
      to: "2024-05-03",
    };
    const posted = await read("/v1/query", { method: "POST", body: JSON.stringify(query) });
    expect(posted.data).toEqual(data);
  });

  it("filters and breaks down by any property's name and value", async () => {
    const count = async (search: string) => {
      const { data } = await read(`/v1/stats/events?interval=total&${RANGE}&${search}`);
      return data.map(({ group, value }) => [group, value]);
    };
    const filter = (text: string) => count(`filter=${encodeURIComponent(text)}`);
    expect(await count("breakdown=properties.plan")).toEqual([
      ["free", 48],
      ["pro", 48],
    ]);
    expect(await filter("properties.n:gte:90")).toEqual([[undefined, 6]]);
    expect(await filter(`properties.a'"$1:eq:x`)).toEqual([[undefined, 96]]);
    expect(await filter("properties.a'; drop table events; --:eq:x")).toEqual([[undefined, 0]]);
    expect(await filter("properties.plan:eq:' or true --")).toEqual([[undefined, 0]]);
  });

  it("takes any name and value of a property for what it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, fc.boolean(), async (name, value, isInUrl) => {
        const projectId = randomUUID();
        const at = { occurredAtMs: START_MS, eventType: "fuzz", userId: "ann" };
        const isRefused = [name, value].some((text) => text.includes("\0") || text.length > 990);
        if (!isRefused) {
          await insertEvents(sql, projectId, [
            { ...at, properties: { [name]: value, other: `not ${value}` } },
            { ...at, properties: { [`${name}.`]: value, other: 1 } },
          ]);
        }
        const field = `properties.${name}`;
        const filter = { field, op: "eq", value };
        // The first `:eq:` ends a name in a URL.
        const canBeInUrl = isInUrl && !/:(eq|neq|in|gte?|lte?|contains|exists)(:|$)/.test(name);
        const text = encodeURIComponent(`${field}:eq:${value}`);
        const response = canBeInUrl
          ? await ask(`/v1/stats/events?interval=total&${RANGE}&filter=${text}`, {}, projectId)
          : await ask(
              "/v1/query",
              {
                method: "POST",
                body: JSON.stringify({
                  kind: "events",
                  interval: "total",
                  from: "2024-05-01",
                  to: "2024-05-03",
                  filters: [filter],
                }),
              },
              projectId,
            );
        const answer = (await response.json()) as Answer;
        if (isRefused) expect(response.status).toBe(422);
        else expect(answer.data).toMatchObject([{ value: 1 }]);
      }),
      { numRuns: 150 },
    );
  });

  it("pages through all raw events, each once, newest first, whatever a page holds", async () => {
    for (const limit of [1, 7, 96]) {
      const events = await readAllPages(`/v1/events?limit=${limit}`);
      expect(events).toHaveLength(EVENTS.length);
      expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(EVENTS.length);
      const times = events.map(({ occurred_at }) => String(occurred_at));
      expect(times).toEqual(times.toSorted().reverse());
    }
    expect(await readAllPages("/v1/events?event_type=signup&limit=10")).toHaveLength(48);
  });

  it("moves no page when newer events arrive meanwhile", async () => {
    const first = await read("/v1/events?limit=48");
    await insertEvents(sql, "demo", [
      { occurredAtMs: Date.parse("2024-07-01"), eventType: "late", userId: "ann" },
    ]);
    try {
      const rest = await readAllPages(`/v1/events?limit=48&cursor=${first.next_cursor}`);
      expect(rest.map(({ event_type }) => event_type)).not.toContain("late");
      expect(first.data.length + rest.length).toBe(EVENTS.length);
    } finally {
      await sql`delete from events where event_type = 'late'`;
    }
  });

  it.each(USERS)("tells the timeline of %s", async (userId) => {
    const events = await readAllPages(`/v1/users/${encodeURIComponent(userId)}/events?limit=5`);
    expect(events).toHaveLength(24);
    for (const event of events) expect(event.user_id).toBe(userId);
  });

  it("asks the worker as soon as a range reaches into the cold tier", async () => {
    await sql`update cold_tier set floor = '2024-05-02T00:00:00Z'`;
    try {
      const sources = async (path: string) => (await read(path)).meta.sources;
      const top = (from: string) => `/v1/stats/top-events?from=${from}&to=2024-06-01`;
      expect(await sources(top("2024-05-02"))).toEqual(["user_days"]);
      expect(await sources(top("2024-05-01T23:59:59Z"))).toEqual(["cold"]);
      expect(
        await sources("/v1/stats/retention?interval=day&from=2024-05-02&to=2024-05-03"),
      ).toEqual(["cold"]);
      expect(await sources("/v1/events?limit=10")).toEqual(["events"]);
      expect(await sources("/v1/events?limit=49")).toEqual(["cold"]);
      // No Redis says here whether it was accepted.
      expect((await ask(`/v1/events/${randomUUID()}`)).status).toBe(503);
      expect(worker.calls.map(({ body }) => body.read)).toContain("event");
    } finally {
      await sql`update cold_tier set floor = null`;
    }
  });

  it("answers 504 that names the database when that is slow, and serves reads afterwards", async () => {
    const path = "/v1/stats/top-events?from=2024-05-02&to=2024-05-03";
    await sql.begin(async (transaction) => {
      await transaction`lock table events in access exclusive mode`;
      const response = await ask(path);
      expect(response.status).toBe(504);
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await response.json()).toMatchObject({
        type: "/problems/store-timeout",
        title: "Stored data could not be read in time",
        detail: "The database did not answer within 5 s",
      });
    });
    expect((await ask(path)).status).toBe(200);
  });
});
