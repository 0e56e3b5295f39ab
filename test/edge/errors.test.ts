import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createKey } from "../../contract/key.ts";
import { PROBLEMS } from "../../contract/problem.ts";
import {
  createTestApp,
  NOW_MS,
  post,
  READ_KEY,
  SECRET,
  sampleEvent,
  WRITE_CLAIMS,
  WRITE_KEY,
} from "./test-app.ts";

type Case = [name: string, init: RequestInit, slug: keyof typeof PROBLEMS, detail: string | RegExp];

const MEBIBYTE = 1024 * 1024;

function expectProblem(body: unknown, slug: keyof typeof PROBLEMS, detail: string | RegExp) {
  const { status, title } = PROBLEMS[slug];
  expect(body).toMatchObject({ type: `/problems/${slug}`, title, status });
  expect((body as { detail: string }).detail).toMatch(detail);
  expect((body as { instance: string }).instance).toBeTruthy();
}

const REQUESTS: Case[] = [
  ["not JSON", post("{"), "malformed-body", "Cannot read body: it is not JSON"],
  ["no body", post(""), "malformed-body", "Cannot read body: it is not JSON"],
  [
    "not UTF-8",
    post(new Uint8Array([0x22, 0xff, 0x22])),
    "malformed-body",
    "Cannot read body: it is not UTF-8",
  ],
  [
    "a number",
    post("5"),
    "malformed-body",
    "neither an event, an array of events nor an object with events",
  ],
  ["events that is no array", post({ events: {} }), "malformed-body", "events is not an array"],
  [
    "a member beside events",
    post({ events: [], batch: 1 }),
    "malformed-body",
    'unknown member "batch" beside events',
  ],
  [
    "a repeated key",
    post('{"event_type":"a","user_id":"u","user_id":"v"}'),
    "malformed-body",
    "an object in it repeats a key",
  ],
  [
    "broken gzip",
    post(gzipSync("[]").subarray(0, 15), { "content-encoding": "gzip" }),
    "malformed-body",
    "Cannot read body: the gzip data is damaged",
  ],
  [
    "gzip in name only",
    post("[]", { "content-encoding": "gzip" }),
    "malformed-body",
    "the body is not gzip, as Content-Encoding says",
  ],
  ["an empty array", post([]), "empty-batch", "Send at least one event"],
  [
    "empty NDJSON",
    post("\n \n", { "content-type": "application/x-ndjson" }),
    "empty-batch",
    "Send at least one event",
  ],
  [
    "text/html",
    post("[]", { "content-type": "text/html" }),
    "unsupported-media-type",
    'Content-Type "text/html" is not supported',
  ],
  [
    "brotli",
    post("[]", { "content-encoding": "br" }),
    "unsupported-media-type",
    'Content-Encoding "br" is not supported',
  ],
  [
    "a 10 MB body",
    post(new Uint8Array(10 * MEBIBYTE).fill(0x20)),
    "body-too-large",
    "larger than 5242880 bytes",
  ],
  [
    "a 10 MB stream",
    post(new Blob([new Uint8Array(10 * MEBIBYTE)]).stream()),
    "body-too-large",
    "larger than 5242880 bytes",
  ],
  [
    "a gzip bomb",
    post(gzipSync(new Uint8Array(100 * MEBIBYTE))),
    "body-too-large",
    "larger than 5242880 bytes",
  ],
  [
    "5,001 events",
    post(Array.from({ length: 5001 }, (_, index) => sampleEvent(index))),
    "too-many-events",
    "holds 5001 events, more than 5000",
  ],
  [
    "a bad Idempotency-Key",
    post(sampleEvent(), { "idempotency-key": "a b" }),
    "invalid-header",
    "Idempotency-Key must be",
  ],
  [
    "no key",
    { method: "POST" },
    "unauthorized",
    "Send the key as Authorization: Bearer <key>, or as ?key=",
  ],
  [
    "what is no key",
    post([], { authorization: `Bearer ${WRITE_KEY.slice(0, -1)}` }),
    "unauthorized",
    "This is no key: keys begin with slu_w_, slu_r_ or slu_a_ and end with 40 hex digits",
  ],
  [
    "a mistyped key",
    post([], { authorization: `Bearer ${WRITE_KEY.replace("demo", "dome")}` }),
    "unauthorized",
    "The key is mistyped: its checksum does not fit",
  ],
  [
    "a forged key",
    post([], { authorization: `Bearer ${createKey(WRITE_CLAIMS, "a guess")}` }),
    "unauthorized",
    "The key was not signed by this deployment",
  ],
  [
    "an expired key",
    post([], {
      authorization: `Bearer ${createKey({ ...WRITE_CLAIMS, expiresAt: NOW_MS / 1_000 }, SECRET)}`,
    }),
    "unauthorized",
    "The key expired at 2026-06-01T12:00:00.000Z",
  ],
  [
    "a read key",
    post([], { authorization: `Bearer ${READ_KEY}` }),
    "wrong-scope",
    "This route needs a write key, this is a read key",
  ],
  [
    "the wrong method",
    { method: "DELETE" },
    "method-not-allowed",
    "/v1/events supports POST, GET, HEAD",
  ],
];

describe("POST /v1/events refuses a request", () => {
  it.each(REQUESTS)("%s", async (_, init, slug, detail) => {
    const { fetch, published } = createTestApp();
    const response = await fetch("/v1/events", init);
    expect(response.status).toBe(PROBLEMS[slug].status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expectProblem(await response.json(), slug, detail);
    expect(published()).toEqual([]);
    expect((await fetch("/v1/events", post(sampleEvent()))).status).toBe(202);
  });

  it("a revoked key, whatever its scope", async () => {
    const { fetch, published, revoked } = createTestApp();
    expect((await fetch("/v1/events", post(sampleEvent(1)))).status).toBe(202);
    revoked.add("demo:k1");
    for (const key of [WRITE_KEY, READ_KEY]) {
      const response = await fetch(
        "/v1/events",
        post(sampleEvent(2), { authorization: `Bearer ${key}` }),
      );
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
      expectProblem(await response.json(), "unauthorized", /^The key is revoked$/);
    }
    const other = createKey({ ...WRITE_CLAIMS, kid: "k2" }, SECRET);
    const response = await fetch(
      "/v1/events",
      post(sampleEvent(3), { authorization: `Bearer ${other}` }),
    );
    expect(response.status).toBe(202);
    expect(published()).toHaveLength(2);
  });

  it("?wait=forever", async () => {
    const { fetch, published } = createTestApp();
    const response = await fetch("/v1/events?wait=forever", post(sampleEvent()));
    expect(await response.json()).toMatchObject({
      status: 422,
      type: "/problems/invalid-query",
      errors: [{ pointer: "/wait", detail: 'wait can only be "stored"' }],
    });
    expect(published()).toEqual([]);
  });

  it("?results=some", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/v1/events?results=some", post(sampleEvent()));
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      errors: [{ pointer: "/results", detail: 'results can only be "all"' }],
    });
  });

  it("an unknown path", async () => {
    const { fetch } = createTestApp();
    const response = await fetch("/v2/events");
    expect(response.status).toBe(404);
    expectProblem(await response.json(), "not-found", "No route /v2/events");
  });
});

describe("POST /v1/events refuses an event", () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const event = (part: string) => `{"event_type":"a","user_id":"u",${part}}`;
  const EVENTS: [
    name: string,
    event: string,
    code: string,
    pointer: string,
    detail: string | RegExp,
  ][] = [
    ["no object", "5", "invalid_event", "", "The event is not a JSON object"],
    [
      "unknown field",
      event('"userId":"u"'),
      "unknown_field",
      "/userId",
      'Unknown field "userId": put your own data into properties',
    ],
    [
      "__proto__ as a field",
      event('"__proto__":{}'),
      "unknown_field",
      "/__proto__",
      'Unknown field "__proto__": put your own data into properties',
    ],
    ["no user", '{"event_type":"a"}', "missing_field", "/user_id", "user_id is missing"],
    [
      "user of a wrong type",
      '{"event_type":"a","user_id":7}',
      "invalid_user_id",
      "/user_id",
      "user_id is not a string",
    ],
    [
      "empty type",
      '{"event_type":"","user_id":"u"}',
      "invalid_event_type",
      "/event_type",
      "event_type is empty",
    ],
    [
      "long type",
      JSON.stringify({ event_type: "x".repeat(201), user_id: "u" }),
      "invalid_event_type",
      "/event_type",
      "event_type is longer than 200 characters",
    ],
    [
      "NUL in user",
      '{"event_type":"a","user_id":"\\u0000"}',
      "invalid_user_id",
      "/user_id",
      "user_id holds a NUL or a lone surrogate",
    ],
    ["bad id", event('"event_id":"1"'), "invalid_event_id", "/event_id", "event_id is not a UUID"],
    [
      "UUIDv4 without time",
      event('"event_id":"00000000-0000-4000-8000-000000000000"'),
      "missing_field",
      "/occurred_at",
      /occurred_at is missing/,
    ],
    [
      "no offset",
      event('"occurred_at":"2026-01-01T00:00:00"'),
      "invalid_occurred_at",
      "/occurred_at",
      "occurred_at is not an RFC 3339 date-time with offset",
    ],
    [
      "30 February",
      event('"occurred_at":"2026-02-30T00:00:00Z"'),
      "invalid_occurred_at",
      "/occurred_at",
      "occurred_at is not an RFC 3339 date-time with offset",
    ],
    [
      "year 9999",
      event('"occurred_at":"9999-01-01T00:00:00Z"'),
      "occurred_at_in_future",
      "/occurred_at",
      "occurred_at is more than 10 minutes ahead of 2026-06-01T12:00:00.000Z",
    ],
    [
      "year 1999",
      event('"occurred_at":"1999-01-01T00:00:00Z"'),
      "occurred_at_too_old",
      "/occurred_at",
      "occurred_at is more than 7300 days back",
    ],
    [
      "properties null",
      event('"properties":null'),
      "invalid_properties",
      "/properties",
      "properties is not a JSON object",
    ],
    [
      "properties array",
      event('"properties":[]'),
      "invalid_properties",
      "/properties",
      "properties is not a JSON object",
    ],
    [
      "33 levels",
      event(`"properties":${nested(33)}`),
      "nested_too_deep",
      `/properties${"/a".repeat(32)}`,
      "properties is nested deeper than 32 levels",
    ],
    [
      "100,000 levels",
      event(`"properties":${nested(100_000)}`),
      "nested_too_deep",
      `/properties${"/a".repeat(32)}`,
      "properties is nested deeper than 32 levels",
    ],
    [
      "100,000 arrays",
      event(`"properties":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
      "nested_too_deep",
      /^\/properties\/a(\/0){31}$/.source,
      "properties is nested deeper than 32 levels",
    ],
    [
      "257 keys",
      event(
        `"properties":${JSON.stringify(Object.fromEntries(Array.from({ length: 257 }, (_, key) => [key, 1])))}`,
      ),
      "too_many_keys",
      "/properties",
      "properties holds an object of more than 256 keys",
    ],
    [
      "__proto__",
      event('"properties":{"a":{"__proto__":1}}'),
      "forbidden_key",
      "/properties/a/__proto__",
      'properties holds the forbidden key "__proto__"',
    ],
    [
      "constructor",
      event('"properties":{"constructor":1}'),
      "forbidden_key",
      "/properties/constructor",
      'properties holds the forbidden key "constructor"',
    ],
    [
      "NUL in a value",
      event('"properties":{"a":[1,"x\\u0000"]}'),
      "unstorable_text",
      "/properties/a/1",
      "properties holds a NUL or a lone surrogate",
    ],
    [
      "NUL in a key",
      event('"properties":{"x\\u0000":1}'),
      "unstorable_text",
      "/properties/x\0",
      "properties holds a key with a NUL or a lone surrogate",
    ],
    [
      "a lone surrogate",
      event('"properties":{"a":"\\ud800"}'),
      "unstorable_text",
      "/properties/a",
      "properties holds a NUL or a lone surrogate",
    ],
    ["1e999", event('"properties":{"a":1e999}'), "inexact_number", "/properties/a", /2\^53/],
    [
      "2^53",
      event('"properties":{"a":9007199254740993}'),
      "inexact_number",
      "/properties/a",
      /2\^53/,
    ],
    [
      "over 32 KiB",
      event(`"properties":{"a":"${"é".repeat(17_000)}"}`),
      "event_too_large",
      "",
      /^The event takes 34\d\d\d bytes as JSON, more than 32768$/,
    ],
  ];

  it.each(EVENTS)("%s", async (_, text, code, pointer, detail) => {
    const { fetch, published } = createTestApp();
    const good = JSON.stringify(sampleEvent(1));
    const response = await fetch("/v1/events", post(`[${text},${good}]`));
    expect(response.status).toBe(202);
    const body = (await response.json()) as {
      rejected: number;
      accepted: number;
      results: unknown[];
    };
    expect(body).toMatchObject({ accepted: 1, rejected: 1 });
    const result = body.results[0] as { pointer: string; detail: string };
    expect(result).toMatchObject({ index: 0, status: "rejected", code });
    if (pointer.startsWith("^")) expect(result.pointer).toMatch(new RegExp(pointer));
    else expect(result.pointer).toBe(pointer);
    expect(result.detail).toMatch(detail);
    expect(published().flatMap(({ envelope }) => envelope.events)).toHaveLength(1);

    const alone = await fetch("/v1/events", post(`[${text}]`));
    expect(alone.status).toBe(422);
    expectProblem(
      await alone.json(),
      "all-events-rejected",
      "No event of this request was stored; results says why",
    );
  });

  it("a line that is not JSON, or repeats a key, by itself", async () => {
    const { fetch } = createTestApp();
    const lines = [
      "{",
      '{"event_type":"a","event_type":"b","user_id":"u"}',
      JSON.stringify(sampleEvent(1)),
    ];
    const response = await fetch(
      "/v1/events",
      post(lines.join("\n"), { "content-type": "application/x-ndjson" }),
    );
    expect(await response.json()).toEqual({
      accepted: 1,
      duplicate: 0,
      rejected: 2,
      results: [
        {
          index: 0,
          status: "rejected",
          code: "invalid_json",
          pointer: "",
          detail: "The line is not JSON",
        },
        {
          index: 1,
          status: "rejected",
          code: "repeated_key",
          pointer: "",
          detail: "An object in the line repeats a key",
        },
      ],
    });
  });
});

describe("POST /v1/events when a part fails", () => {
  it("503 with Retry-After when the stream does not acknowledge, and nothing is remembered as seen", async () => {
    const { fetch, seen } = createTestApp({
      publisher: {
        publish: async (messages) =>
          messages.map(() => ({ status: "unreachable", reason: "TIMEOUT" })),
        ping: async () => {},
        reports: async () => [],
      },
    });
    const response = await fetch("/v1/events", post(sampleEvent()));
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    const body = await response.json();
    expectProblem(
      body,
      "stream-unavailable",
      "Not every event of this request could be stored. Send the same body again",
    );
    expect(JSON.stringify(body)).not.toContain("TIMEOUT");
    expect(seen.size).toBe(0);
  });

  it("a request that fails half-way remembers the half that is durable", async () => {
    const { fetch, seen } = createTestApp({
      publisher: {
        publish: async (messages) =>
          messages.map((_, index) =>
            index === 0 ? { status: "stored" } : { status: "unreachable", reason: "TIMEOUT" },
          ),
        ping: async () => {},
        reports: async () => [],
      },
    });
    const events = Array.from({ length: 40 }, (_, index) => ({
      ...sampleEvent(index),
      properties: { text: "x".repeat(30_000) },
    }));
    expect((await fetch("/v1/events", post(events))).status).toBe(503);
    expect(seen.size).toBeGreaterThan(0);
    expect(seen.size).toBeLessThan(40);
  });

  it("500 without internals when something unforeseen breaks", async () => {
    const { fetch, logs } = createTestApp({
      memory: {
        admit: async () => {
          throw new Error("secret detail");
        },
        markSeen: async () => {},
        isSeen: async () => false,
      },
    });
    const response = await fetch("/v1/events", post(sampleEvent()));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret detail");
    expect(logs).toContain("request crashed");
  });
});
