import { expect, test } from "vitest";
import { toOtlp } from "../../../../contract/trace/otlp.ts";
import { createTracer, type SpanRecord } from "../../../../contract/trace/tracer.ts";

function createBench(ratio = 1) {
  const records: SpanRecord[] = [];
  let nowMs = 1_700_000_000_000.25;
  const now = () => (nowMs += 1);
  const record = (span: SpanRecord) => void records.push(span);
  return { records, tracer: createTracer({ ratio, now, record }) };
}

test("a child is of its parent's trace, and is recorded when it ends, once", () => {
  const { records, tracer } = createBench();
  const parent = tracer.start("request", { kind: "server" });
  const child = parent.child("read", { attributes: { rows: 3 } });
  child.set({ source: "hot" });
  child.end({ error: "timeout" });
  child.end();
  parent.end({ name: "GET /" });
  expect(records).toMatchObject([
    {
      name: "read",
      parentSpanId: parent.context.spanId,
      attributes: { rows: 3, source: "hot" },
      error: "timeout",
    },
    { name: "GET /", kind: "server", parentSpanId: undefined, error: undefined },
  ]);
  expect(child.context.traceId).toBe(parent.context.traceId);
});

test("a trace that is not sampled makes no span, and passes its context on", () => {
  const { records, tracer } = createBench(0);
  const span = tracer.start("request");
  expect(span.child("read")).toBe(span);
  expect(span.context.isSampled).toBe(false);
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: false };
  const continued = createBench(1).tracer.start("request", { parent });
  expect(continued.context).toEqual(parent);
  span.end();
  continued.end();
  expect(records).toEqual([]);
});

test("who comes with a trace that is sampled is recorded whatever the probability", () => {
  const { records, tracer } = createBench(0);
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true };
  tracer.start("request", { parent }).end();
  expect(records).toMatchObject([{ parentSpanId: parent.spanId }]);
});

test("toOtlp() writes times as nanoseconds, and values by their type", () => {
  const { records, tracer } = createBench();
  const link = { traceId: "c".repeat(32), spanId: "d".repeat(16), isSampled: true };
  const attributes = { text: "a", whole: 2, part: 0.5, yes: true, none: undefined };
  tracer.start("work", { kind: "consumer", attributes, links: [link] }).end({ error: "bad" });
  const body = JSON.parse(toOtlp({ "service.name": "edge" }, records));
  expect(body.resourceSpans[0].resource.attributes).toEqual([
    { key: "service.name", value: { stringValue: "edge" } },
  ]);
  expect(body.resourceSpans[0].scopeSpans[0].spans).toEqual([
    {
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      flags: 1,
      name: "work",
      kind: 5,
      startTimeUnixNano: "1700000000001250000",
      endTimeUnixNano: "1700000000002250000",
      attributes: [
        { key: "text", value: { stringValue: "a" } },
        { key: "whole", value: { intValue: "2" } },
        { key: "part", value: { doubleValue: 0.5 } },
        { key: "yes", value: { boolValue: true } },
      ],
      links: [{ traceId: link.traceId, spanId: link.spanId }],
      status: { code: 2, message: "bad" },
    },
  ]);
});
