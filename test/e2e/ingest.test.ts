import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../contract/problem.ts";
import { createUuidV7 } from "../../contract/uuid.ts";
import { findDescendant, residentMiBOf } from "../bench/process-usage.ts";
import { poll } from "../support/poll.ts";
import { PATIENT, type StackService, startStack } from "../support/stack.ts";
import { createStackClient, type RequestBody, type StackClient } from "../support/stack-client.ts";

const MEBIBYTE = 1024 * 1024;
/** Events of these tests all occur on this day. */
const DAY = { interval: "day", from: "2026-03-01", to: "2026-03-02" };

let stack: StackService;
let sql: Sql;

beforeAll(async () => {
  stack = await startStack({ env: PATIENT });
  sql = postgres(stack.database_url, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.stop();
});

describe("one row for one event", () => {
  it("posted 200 times at once", async () => {
    const client = await createStackClient(stack, "at-once");
    const event = createEvent();
    const answers = await Promise.all(Array.from({ length: 200 }, () => client.post(event)));
    expect(sumOf(answers, "accepted")).toBeGreaterThanOrEqual(1);
    expect(sumOf(answers, "accepted") + sumOf(answers, "duplicate")).toBe(200);
    await client.waitUntilCounted();
    expect(await countRows(client)).toBe(1);
    expect(await countEvents(client)).toBe(1);
  });

  it("posted 200 times at once, in company that makes each message another", async () => {
    const client = await createStackClient(stack, "in-company");
    const event = createEvent();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => client.post([event, createEvent()])),
    );
    expect(sumOf(answers, "rejected")).toBe(0);
    await client.waitUntilCounted();
    expect(await countRows(client)).toBe(201);
    expect(await countEvents(client)).toBe(201);
  });
});

describe("a batch", () => {
  it("of a good, a repeated and a bad event tells each one's fate, and the good one is counted", async () => {
    const client = await createStackClient(stack, "batch");
    const known = createEvent({ event_type: "known" });
    const bad = { ...createEvent(), occurred_at: "yesterday" };
    // The edge answers before it has told Redis.
    await poll("a known event", async () => (await client.post(known)).duplicate === 1);
    const answer = await client.post([createEvent({ event_type: "good" }), known, bad]);
    expect(answer).toEqual({
      accepted: 1,
      duplicate: 1,
      rejected: 1,
      results: [
        { index: 1, event_id: known.event_id, status: "duplicate" },
        {
          index: 2,
          event_id: bad.event_id,
          status: "rejected",
          code: "invalid_occurred_at",
          pointer: "/occurred_at",
          detail: expect.stringContaining("RFC 3339"),
        },
      ],
    });
    await client.waitUntilCounted();
    const { data } = await client.read("events", { ...DAY, breakdown: "event_type" });
    expect(data).toEqual([
      { bucket: "2026-03-01T00:00:00Z", group: "good", value: 1 },
      { bucket: "2026-03-01T00:00:00Z", group: "known", value: 1 },
    ]);
  });

  it("is taken gzipped, by its header or by its first bytes", async () => {
    const client = await createStackClient(stack, "gzip");
    const gzipped = () => new Uint8Array(gzipSync(JSON.stringify([createEvent(), createEvent()])));
    const byHeader = await client.send(gzipped(), { "content-encoding": "gzip" });
    expect(byHeader.status).toBe(202);
    // As sendBeacon sends it: no header of its own, the key in the URL.
    const byMagic = await fetch(`${stack.edge_url}/v1/events?key=${client.writeKey}`, {
      method: "POST",
      headers: { "content-type": "text/plain;charset=UTF-8" },
      body: gzipped(),
    });
    expect(byMagic.status).toBe(202);
    const lines = [createEvent(), createEvent(), createEvent()].map((event) =>
      JSON.stringify(event),
    );
    const ndjson = await client.send(lines.join("\n"), { "content-type": "application/x-ndjson" });
    expect(await ndjson.json()).toMatchObject({ accepted: 3, rejected: 0 });
    await client.waitUntilCounted();
    expect(await countEvents(client)).toBe(7);
  });
});

it("events of two projects stay apart, even with the same id", async () => {
  const one = await createStackClient(stack, "tenant-1");
  const two = await createStackClient(stack, "tenant-2");
  const shared = createEvent();
  expect(await one.post([shared, createEvent()])).toMatchObject({ accepted: 2 });
  expect(await two.post(shared)).toMatchObject({ accepted: 1, duplicate: 0 });
  await two.waitUntilCounted();
  expect([await countEvents(one), await countEvents(two)]).toEqual([2, 1]);
  expect([await countRows(one), await countRows(two)]).toEqual([2, 1]);
});

describe("a hostile request is refused, and the next one works", () => {
  const event = () => JSON.stringify(createEvent());
  const withMember = (member: string) => `${event().slice(0, -1)},${member}}`;
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const TABLE: [
    what: string,
    body: RequestBody | (() => RequestBody),
    headers: Record<string, string>,
    status: number,
    answer: object,
  ][] = [
    ["10 MB", megabytes(10), {}, 413, problem("body-too-large")],
    ["10 MB without a length", () => streamOf(megabytes(10)), {}, 413, problem("body-too-large")],
    ["a gzip bomb", gzipBomb(), {}, 413, problem("body-too-large")],
    ["half a gzip", halfGzip(), {}, 400, problem("malformed-body")],
    ["5,001 events", `[${"{},".repeat(5_000)}{}]`, {}, 413, problem("too-many-events")],
    ["arrays 100,000 deep", `${"[".repeat(1e5)}${"]".repeat(1e5)}`, {}, 422, bad("invalid_event")],
    ["objects 100,000 deep", nested(1e5), {}, 422, bad("missing_field")],
    ["properties 100,000 deep", withProperties(nested(1e5)), {}, 422, bad("nested_too_deep")],
    ["a NUL", withProperties(String.raw`{"a":"\u0000"}`), {}, 422, bad("unstorable_text")],
    ["a NUL as a byte", "\0", {}, 400, problem("malformed-body")],
    [
      "a lone surrogate",
      withProperties(String.raw`{"a":"\ud800"}`),
      {},
      422,
      bad("unstorable_text"),
    ],
    ["__proto__", withProperties('{"__proto__":{"x":1}}'), {}, 422, bad("forbidden_key")],
    [
      "the year 9999",
      event().replace("2026-", "9999-"),
      {},
      422,
      bad("occurred_at_in_future", "/occurred_at"),
    ],
    ["a repeated key", withMember('"user_id":"b"'), {}, 400, problem("malformed-body")],
    ["an empty array", "[]", {}, 422, problem("empty-batch")],
    ["no body", "", {}, 400, problem("malformed-body")],
    ["text/html", "<p>", { "content-type": "text/html" }, 415, problem("unsupported-media-type")],
    [
      "a wrong key before a large body",
      megabytes(3),
      { authorization: "Bearer slu_w_demo_x_00" },
      401,
      problem("unauthorized"),
    ],
  ];

  it.each(TABLE)("%s", async (_, body, headers, status, answer) => {
    const client = await createStackClient(stack, "hostile");
    const response = await client.send(typeof body === "function" ? body() : body, headers);
    const content = await response.json();
    expect(content).toMatchObject({ ...answer, status, instance: expect.any(String) });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await client.post(createEvent())).toMatchObject({ accepted: 1, rejected: 0 });
  });

  it("none of it was stored", async () => {
    const client = await createStackClient(stack, "hostile");
    await client.waitUntilCounted();
    expect(await countRows(client)).toBe(TABLE.length);
  });

  function withProperties(json: string): string {
    return withMember(`"properties":${json}`);
  }
});

it("gzip bombs and large bodies leave no memory behind", async () => {
  const client = await createStackClient(stack, "memory");
  const edgePid = (await stack.describe()).parts.edge?.pid ?? 0;
  const workerd = findDescendant(edgePid, "workerd");
  const bomb = gzipBomb();
  const large = megabytes(10);
  const refuse = async (times: number, body: () => RequestBody) => {
    for (let index = 0; index < times; index += 1) {
      const response = await client.send(body());
      expect(response.status).toBe(413);
      await response.arrayBuffer();
    }
  };
  // What the first ones need stays reserved for the next ones.
  await refuse(5, () => bomb);
  await refuse(5, () => large);
  const beforeMiB = residentMiBOf(workerd);
  await refuse(30, () => bomb);
  await refuse(20, () => large);
  expect(residentMiBOf(workerd) - beforeMiB).toBeLessThan(64);
  expect(await client.post(createEvent())).toMatchObject({ accepted: 1 });
});

it("clients that hang up in the middle of a request store nothing and harm nobody", async () => {
  const client = await createStackClient(stack, "hang-up");
  const event = createEvent();
  const body = JSON.stringify(event);
  await Promise.all(Array.from({ length: 20 }, () => sendHalf(client, body)));
  expect(await client.post(event)).toMatchObject({ accepted: 1, duplicate: 0 });
  await client.waitUntilCounted();
  expect(await countRows(client)).toBe(1);
});

it("any page's preflight is answered, and its request too", async () => {
  const client = await createStackClient(stack, "cors");
  const origin = "https://shop.example";
  const preflight = await fetch(`${stack.edge_url}/v1/events`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
  expect(preflight.headers.get("access-control-allow-methods")).toBe("POST");
  expect(preflight.headers.get("access-control-allow-headers")?.split(",")).toEqual(
    expect.arrayContaining(["authorization", "content-type"]),
  );
  expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
  const accepted = await client.send(JSON.stringify(createEvent()), { origin });
  expect(accepted.status).toBe(202);
  expect(accepted.headers.get("access-control-allow-origin")).toBe("*");
  // Without it the page could not read why.
  const refused = await client.send("[]", { origin });
  expect(refused.status).toBe(422);
  expect(refused.headers.get("access-control-allow-origin")).toBe("*");
});

function createEvent(fields: { event_type?: string } = {}) {
  return {
    event_id: createUuidV7(Date.now()),
    occurred_at: "2026-03-01T12:00:00.000Z",
    event_type: "e2e",
    user_id: "user-1",
    ...fields,
  };
}

async function countRows({ projectId }: StackClient): Promise<number> {
  const [row] = await sql<{ rows: number }[]>`
    select count(*)::int as rows from events where project_id = ${projectId}`;
  return row?.rows ?? 0;
}

async function countEvents(client: StackClient): Promise<number> {
  const { data } = await client.read("events", DAY);
  const [{ value } = { value: Number.NaN }] = data as { value: number }[];
  return value;
}

function sumOf<Key extends string>(items: readonly Record<Key, number>[], key: Key): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}

function problem(slug: string): Partial<Problem> {
  return { type: `/problems/${slug}` };
}

function bad(code: string, pointer?: string) {
  const result = { status: "rejected", code, ...(pointer === undefined ? {} : { pointer }) };
  return { ...problem("all-events-rejected"), rejected: 1, results: [result] };
}

function megabytes(count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(count * MEBIBYTE).fill(0x20);
}

/** 100 KB that become 100 MB. */
function gzipBomb(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(megabytes(100)));
}

function halfGzip(): Uint8Array<ArrayBuffer> {
  const gzipped = gzipSync(JSON.stringify([createEvent(), createEvent()]));
  return new Uint8Array(gzipped.subarray(0, gzipped.length / 2));
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new Blob([new Uint8Array(bytes)]).stream();
}

/** Promises a whole body, sends half of it and resets the connection. */
function sendHalf(client: StackClient, body: string): Promise<void> {
  const { hostname, port } = new URL(stack.edge_url);
  const head = [
    "POST /v1/events HTTP/1.1",
    `host: ${hostname}`,
    `authorization: Bearer ${client.writeKey}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      const half = body.slice(0, body.length / 2);
      socket.write(`${head.join("\r\n")}\r\n\r\n${half}`, () => socket.resetAndDestroy());
    });
    socket.once("error", reject);
    socket.once("close", () => resolve());
  });
}
