import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSpanId, formatTraceparent } from "../../contract/trace/trace-context.ts";
import { createUuidV7 } from "../../contract/uuid.ts";
import {
  type CollectedSpan,
  type OtlpCollector,
  startOtlpCollector,
} from "../support/otlp-collector.ts";
import { type StackService, startStack, whileGone } from "../support/stack.ts";

/** What one event passes through, in the order of its path. */
const PATH = [
  "POST /v1/events",
  "redis admit",
  "publish",
  "nats publish",
  "consume",
  "commit",
  "ack",
] as const;

let collector: OtlpCollector;
let stack: StackService;

beforeAll(async () => {
  collector = await startOtlpCollector();
  stack = await startStack({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=a%20secret",
    },
  });
});

afterAll(async () => {
  await stack?.stop();
  await collector?.close();
});

describe("an event is one trace", () => {
  test("from the request through Redis, the stream and the batch to its acknowledgement", async () => {
    const caller = newCaller();
    const answer = await post({ traceparent: caller.traceparent, tracestate: "vendor=opaque" });
    expect(answer.status).toBe(202);
    const spans = await collector.waitForTrace(caller.traceId, PATH);

    const { request, admit, publish, send, consume, commit, ack } = pathOf(spans);
    expect(request.parentSpanId).toBe(caller.spanId);
    expect([admit, publish].map(({ parentSpanId }) => parentSpanId)).toEqual([
      request.spanId,
      request.spanId,
    ]);
    expect([send, consume].map(({ parentSpanId }) => parentSpanId)).toEqual([
      publish.spanId,
      publish.spanId,
    ]);
    expect([commit, ack].map(({ parentSpanId }) => parentSpanId)).toEqual([
      consume.spanId,
      consume.spanId,
    ]);
    expect(answer.headers.get("traceresponse")).toBe(
      formatTraceparent({ ...caller, spanId: request.spanId }),
    );
    expect(spans.map(({ service }) => service).sort()).toEqual([
      ...Array(4).fill("sluice-edge"),
      ...Array(3).fill("sluice-worker"),
    ]);
    for (const span of spans) expect(span).toMatchObject({ traceState: "vendor=opaque" });
    expect(request.attributes).toMatchObject({
      "http.route": "/v1/events",
      "http.response.status_code": 202,
      "sluice.project": "demo",
      "sluice.request_id": answer.headers.get("x-request-id"),
    });

    // The batch is of many traces, and linked with each of them.
    const [link] = commit.links;
    const batch = collector.spans.find(({ spanId }) => spanId === link?.spanId);
    expect(batch).toMatchObject({ name: "insert", traceId: link?.traceId });
    expect(batch?.links).toContainEqual(
      expect.objectContaining({ traceId: caller.traceId, spanId: consume.spanId }),
    );
    expect(batch?.attributes["sluice.batch_id"]).toBe(commit.attributes["sluice.batch_id"]);

    const { headers, url } = collector.requests[0] ?? {};
    expect(url).toBe("/v1/traces");
    expect(headers).toMatchObject({
      "x-collector-key": "a secret",
      "content-type": "application/json",
    });
  });

  test("also when it waited in the outbox", async () => {
    const caller = newCaller();
    await whileGone(stack, "nats", async () => {
      expect((await post({ traceparent: caller.traceparent })).status).toBe(202);
    });
    const spans = await collector.waitForTrace(caller.traceId, PATH);
    const sends = spans.filter(({ name }) => name === "nats publish");
    expect(sends.map(({ attributes }) => attributes["sluice.from"])).toEqual(["request", "outbox"]);
    expect(sends.map(({ attributes }) => attributes["sluice.outcome"])).toEqual(["kept", "stored"]);
  });

  test("of its own when the caller's is malformed", async () => {
    const answer = await post({ traceparent: "00-not-a-trace-01" });
    expect(answer.status).toBe(202);
    const traceId = answer.headers.get("traceresponse")?.split("-")[1] ?? "";
    const spans = await collector.waitForTrace(traceId, PATH);
    expect(pathOf(spans).request.parentSpanId).toBeUndefined();
  });

  test("that is not recorded when the caller's is not", async () => {
    const caller = newCaller(false);
    const answer = await post({ traceparent: caller.traceparent });
    expect(answer.headers.get("traceresponse")).toBe(caller.traceparent);
    const later = newCaller();
    await post({ traceparent: later.traceparent });
    await collector.waitForTrace(later.traceId, PATH);
    expect(collector.spans.filter(({ traceId }) => traceId === caller.traceId)).toEqual([]);
  });
});

test("a question is a trace from the request to the store", async () => {
  const caller = newCaller();
  const headers = { authorization: `Bearer ${stack.read_key}`, traceparent: caller.traceparent };
  const range = "from=2024-01-01&to=2024-02-01";
  const url = `${stack.edge_url}/v1/stats/top-events?${range}`;
  expect((await fetch(url, { headers })).status).toBe(200);
  const names = ["GET /v1/stats/top-events", "cache", "read database"];
  const spans = await collector.waitForTrace(caller.traceId, names);
  const [request, cache, read] = names.map((name) => spans.find((span) => span.name === name));
  expect(cache).toMatchObject({
    parentSpanId: request?.spanId,
    attributes: { "sluice.cache": "miss" },
  });
  expect(read?.parentSpanId).toBe(cache?.spanId);
});

test("an export is a trace that goes on in the worker", async () => {
  const caller = newCaller();
  const headers = { authorization: `Bearer ${stack.read_key}`, traceparent: caller.traceparent };
  const url = `${stack.edge_url}/v1/export?from=2024-01-01&to=2024-02-01`;
  const answer = await fetch(url, { headers });
  await answer.text();
  const spans = await collector.waitForTrace(caller.traceId, ["GET /v1/export", "POST /export"]);
  const request = spans.find(({ name }) => name === "GET /v1/export");
  expect(spans.find(({ name }) => name === "POST /export")).toMatchObject({
    service: "sluice-worker",
    parentSpanId: request?.spanId,
  });
});

test("nothing of an event or a key is in any span", async () => {
  const text = JSON.stringify(collector.spans);
  for (const secret of ["a user of ours", "a property of ours", stack.write_key, stack.read_key]) {
    expect(text).not.toContain(secret);
  }
});

// The last: the collector gets nothing for a while after it.
test.each(["hang", "fail"] as const)("a collector that does %s harms no request", async (mode) => {
  collector.mode = mode;
  const before = collector.requests.length;
  for (let round = 0; round < 20; round += 1) {
    expect((await post({ traceparent: newCaller().traceparent })).status).toBe(202);
  }
  expect(collector.requests.length).toBeLessThan(before + 20);
});

function newCaller(isSampled = true) {
  const context = { traceId: createSpanId() + createSpanId(), spanId: createSpanId(), isSampled };
  return { ...context, traceparent: formatTraceparent(context) };
}

function post(headers: Readonly<Record<string, string>>): Promise<Response> {
  const event = {
    event_id: createUuidV7(Date.now()),
    event_type: "signup",
    user_id: "a user of ours",
    occurred_at: new Date().toISOString(),
    properties: { note: "a property of ours" },
  };
  return fetch(`${stack.edge_url}/v1/events`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${stack.write_key}`,
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify(event),
  });
}

function pathOf(spans: readonly CollectedSpan[]) {
  const find = (name: (typeof PATH)[number]): CollectedSpan => {
    const span = spans.find((one) => one.name === name);
    if (span === undefined) throw new Error(`Cannot find span ${name}`);
    return span;
  };
  return {
    request: find("POST /v1/events"),
    admit: find("redis admit"),
    publish: find("publish"),
    send: find("nats publish"),
    consume: find("consume"),
    commit: find("commit"),
    ack: find("ack"),
  };
}
