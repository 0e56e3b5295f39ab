import { expect, test } from "vitest";
import { PROBLEMS } from "../../../../contract/problem.ts";
import { StatsQueryError } from "../../../../contract/query-parts.ts";
import { createUuidV7 } from "../../../../contract/uuid.ts";
import { createEngine, post, startServer } from "./http-server.ts";

const STATS = {
  read: "stats",
  project_id: "shop",
  query: { kind: "top_events", from: "2024-03-01", to: "2024-03-02" },
};
const V4 = "7d444840-9dc0-41d1-b245-5ffdce74fad2";

test("POST /query hands each question to the engine's reader", async () => {
  const asked: unknown[] = [];
  const noting =
    (name: string, answer: unknown) =>
    async (...given: unknown[]) => {
      asked.push([name, ...given.slice(0, -1)]);
      return answer as never;
    };
  const url = await startServer({
    engine: createEngine({
      readStats: noting("stats", { rows: [], asOf: null, sources: ["events"] }),
      readPage: noting("page", { events: [], hasMore: false, asOf: null, sources: [] }),
      countStored: noting("stored", 1),
    }),
  });
  const ask = async (question: object) => {
    const response = await post(`${url}/query`, { project_id: "shop", ...question });
    expect(response.status).toBe(200);
    return response.json();
  };
  expect(await ask(STATS)).toEqual({ rows: [], asOf: null, sources: ["events"] });
  expect(await ask({ read: "page", query: { user_id: "u1" } })).toMatchObject({ hasMore: false });
  const wanted = [{ event_id: V4, occurred_at: "2024-03-01T00:00:00Z" }, { event_id: V4 }];
  expect(await ask({ read: "stored", wanted })).toEqual({ stored: 1 });
  expect(asked).toEqual([
    [
      "stats",
      "shop",
      {
        kind: "top_events",
        from: "2024-03-01T00:00:00Z",
        to: "2024-03-02T00:00:00Z",
        limit: 10,
      },
    ],
    ["page", "shop", { user_id: "u1", filters: [], limit: 100 }],
    [
      "stored",
      "shop",
      [
        { eventId: V4, occurredAt: "2024-03-01T00:00:00Z" },
        { eventId: V4, occurredAt: undefined },
      ],
    ],
  ]);
});

test("POST /query looks for an event first where its UUIDv7 says", async () => {
  const ranges: unknown[] = [];
  const url = await startServer({
    engine: createEngine({
      findEvent: async (_, __, range) => {
        ranges.push(range);
        return { events: [], asOf: null };
      },
    }),
  });
  const ask = (event_id: string) =>
    post(`${url}/query`, { read: "event", project_id: "shop", event_id });
  const made = Date.parse("2024-03-15T12:00:00Z");
  expect((await ask(createUuidV7(made))).status).toBe(200);
  expect((await ask(V4.toUpperCase())).status).toBe(200);
  // Far beyond any calendar.
  expect((await ask("ffffffff-ffff-7000-8000-000000000000")).status).toBe(200);
  expect(ranges).toEqual([
    { from: "2024-03-14T12:00:00.000Z", to: "2024-03-16T12:00:00.000Z" },
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  ["no JSON", "{", 400, { type: "/problems/malformed-body", detail: "The body is not JSON" }],
  [
    "no question",
    {},
    422,
    { errors: [{ pointer: "/read", detail: expect.stringContaining("read") }] },
  ],
  [
    "a project that cannot be",
    { ...STATS, project_id: "Shop!" },
    422,
    { errors: [{ pointer: "/project_id", detail: expect.any(String) }] },
  ],
  [
    "a wrong range",
    { ...STATS, query: { ...STATS.query, to: "2024-03-01" } },
    422,
    { errors: [{ pointer: "/query/to", detail: "query.to must be later than from" }] },
  ],
  [
    "an unknown member",
    { ...STATS, more: 1 },
    422,
    { errors: [{ pointer: "/more", detail: 'Unknown member "more"' }] },
  ],
  [
    "a body beyond the limit",
    `"${"x".repeat(1024 * 1024)}"`,
    413,
    { detail: "At most 1048576 bytes" },
  ],
])("POST /query refuses %s", async (_, body, status, problem) => {
  const url = await startServer();
  const response = await post(`${url}/query`, body);
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject(problem);
});

test("POST /query reads no further than the limit of a body without an end", async () => {
  const url = await startServer();
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
  });
  const request = post(`${url}/query`, "", { body: endless, duplex: "half" } as RequestInit);
  // The connection ends while the client still sends: whether it sees the answer is a matter of time.
  const status = await request.then((response) => response.status).catch(() => "cut");
  expect([413, "cut"]).toContain(status);
});

test("POST /query gives up after the time that the asker waits, and says whom it waited for", async () => {
  const seen: AbortSignal[] = [];
  const url = await startServer({
    engine: createEngine({
      readStats: (_, __, signal) => {
        seen.push(signal);
        return new Promise(() => {});
      },
    }),
  });
  const response = await post(`${url}/query`, { ...STATS, timeout_ms: 50 });
  expect(response.status).toBe(504);
  expect(await response.json()).toEqual({
    type: "/problems/store-timeout",
    title: PROBLEMS["store-timeout"].title,
    status: 504,
    detail: "timescale did not answer within 0.05 s",
  });
  expect(seen.map((signal) => signal.aborted)).toEqual([true]);
});

test("POST /query ends the question when its asker goes away", async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const url = await startServer({
    engine: createEngine({
      readStats: (_, __, signal) => {
        signal.addEventListener("abort", () => resolve());
        begin();
        return new Promise(() => {});
      },
    }),
  });
  const client = new AbortController();
  const answer = post(`${url}/query`, STATS, { signal: client.signal });
  await begun;
  client.abort();
  await expect(answer).rejects.toThrow();
  await aborted;
});

test("POST /query tells that the store fails, not how", async () => {
  const url = await startServer({
    engine: createEngine({ readStats: () => Promise.reject(new Error("secret of the database")) }),
  });
  const response = await post(`${url}/query`, STATS);
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ type: "/problems/store-unavailable" });
  expect(text).not.toContain("secret");
});

test("POST /query passes on why the engine refuses a question", async () => {
  const faults = [
    { pointer: "/interval", detail: "interval cuts the range into too many buckets" },
  ];
  const url = await startServer({
    engine: createEngine({ readStats: () => Promise.reject(new StatsQueryError(faults)) }),
  });
  const response = await post(`${url}/query`, STATS);
  expect([response.status, await response.json()]).toMatchObject([422, { errors: faults }]);
});

test("POST /query answers 8 at once, lets 64 wait and sends the others away", async () => {
  let running = 0;
  let most = 0;
  const { promise: end, resolve: finish } = Promise.withResolvers<void>();
  let refused = 0;
  const url = await startServer({
    engine: createEngine({
      async countStored() {
        running += 1;
        most = Math.max(most, running);
        await end;
        running -= 1;
        return 1;
      },
    }),
  });
  const question = { read: "stored", project_id: "shop", wanted: [{ event_id: V4 }] };
  const answers = Array.from({ length: 80 }, async () => {
    const response = await post(`${url}/query`, question);
    if (response.status === 503) refused += 1;
    if (refused === 8) finish();
    return [response.status, response.headers.get("retry-after")].join(" ");
  });
  const counts = Map.groupBy(await Promise.all(answers), (answer) => answer);
  expect(most).toBe(8);
  expect(Object.fromEntries([...counts].map(([answer, all]) => [answer, all.length]))).toEqual({
    "200 ": 72,
    "503 1": 8,
  });
});

test("POST /query answers another project while one has taken every place", async () => {
  const waiting: (() => void)[] = [];
  const url = await startServer({
    engine: createEngine({
      countStored: (projectId) =>
        projectId === "shop"
          ? Promise.resolve(1)
          : new Promise((resolve) => waiting.push(() => resolve(1))),
    }),
  });
  const wanted = [{ event_id: V4 }];
  const ask = (project_id: string) => post(`${url}/query`, { read: "stored", project_id, wanted });
  let refused = 0;
  const { promise: full, resolve: isFull } = Promise.withResolvers<void>();
  const flood = Array.from({ length: 73 }, async () => {
    const response = await ask("flood");
    if (response.status === 200) return;
    refused += 1;
    expect(await response.json()).toMatchObject({
      type: "/problems/store-unavailable",
      detail: "The worker answers as many requests of this project as it can at once",
    });
    isFull();
  });
  await full;
  const answer = ask("shop");
  // The line is full: one of the flood gives way, and the next place is the other project's.
  while (refused < 2) await new Promise((resolve) => setImmediate(resolve));
  waiting.shift()?.();
  expect((await answer).status).toBe(200);
  while (waiting.length > 0) {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const rest = setInterval(() => waiting.shift()?.(), 1);
  await Promise.all(flood);
  clearInterval(rest);
  expect(refused).toBe(2);
});
