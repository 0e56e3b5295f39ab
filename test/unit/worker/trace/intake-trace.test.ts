import { expect, test } from "vitest";
import { formatTraceparent } from "../../../../contract/trace/trace-context.ts";
import { createTracer, type SpanRecord } from "../../../../contract/trace/tracer.ts";
import { createIntakeTrace } from "../../../../worker/trace/intake-trace.ts";

const ORIGIN = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true };

function createBench() {
  const records: SpanRecord[] = [];
  let nowMs = 0;
  const now = () => (nowMs += 1);
  const tracer = createTracer({ ratio: 0, now, record: (span) => void records.push(span) });
  const trace = createIntakeTrace(tracer, "live");
  return {
    records,
    trace,
    deliver(seq: number, traceparent = formatTraceparent(ORIGIN)) {
      const headers = { get: (name: string) => (name === "traceparent" ? traceparent : "") };
      trace.delivered({
        seq,
        subject: "events.demo",
        headers: headers as never,
        redelivered: false,
        data: new Uint8Array(10),
      });
    },
    named: (name: string) => records.filter((span) => span.name === name),
  };
}

test("each message goes on with its trace, and the batch is linked with all of them", () => {
  const bench = createBench();
  bench.deliver(1);
  bench.deliver(2, formatTraceparent({ ...ORIGIN, traceId: "c".repeat(32) }));
  bench.deliver(3, "");
  const batch = bench.trace.batchBegins("batch-1", [1, 2, 3], 30);
  expect(bench.trace.traceIdOf(1)).toBe(ORIGIN.traceId);
  batch.ends(0);
  for (const seq of [1, 2, 3]) bench.trace.settled("ack", seq);

  const [insert] = bench.named("insert");
  expect(insert?.attributes).toMatchObject({ "sluice.batch_id": "batch-1", "sluice.rows": 30 });
  // What comes without a trace begins one with the tracer's probability, here 0.
  expect(insert?.links.map(({ traceId }) => traceId)).toEqual([ORIGIN.traceId, "c".repeat(32)]);
  for (const commit of bench.named("commit")) {
    expect(commit).toMatchObject({ startMs: insert?.startMs, endMs: insert?.endMs });
    expect(commit.links).toEqual([insert?.context]);
  }
  expect(bench.named("ack")).toHaveLength(2);
  expect(bench.named("consume")).toMatchObject([
    { parentSpanId: ORIGIN.spanId, error: undefined, attributes: { "sluice.project": "demo" } },
    { parentSpanId: ORIGIN.spanId },
  ]);
  expect(bench.trace.traceIdOf(1)).toBeUndefined();
});

test("a batch that is not stored says so in all of its traces", () => {
  const bench = createBench();
  bench.deliver(1);
  bench.trace.batchBegins("batch-1", [1], 1).ends(0, "not stored");
  bench.trace.settled("nak", 1);
  expect(bench.records.map(({ name, error }) => [name, error])).toEqual([
    ["insert", "not stored"],
    ["commit", "not stored"],
    ["nak", undefined],
    ["consume", "nak"],
  ]);
});

test("a batch without a trace has none", () => {
  const bench = createBench();
  bench.deliver(1, "");
  bench.trace.batchBegins("batch-1", [1], 1).ends(0);
  bench.trace.settled("ack", 1);
  expect(bench.records).toEqual([]);
});

test("a replay is a trace of its own, linked with the first", () => {
  const records: SpanRecord[] = [];
  const tracer = createTracer({
    ratio: 1,
    now: () => 0,
    record: (span) => void records.push(span),
  });
  const trace = createIntakeTrace(tracer, "replay");
  const headers = {
    get: (name: string) => (name === "traceparent" ? formatTraceparent(ORIGIN) : ""),
  };
  const message = { seq: 1, subject: "events.demo", redelivered: false, data: new Uint8Array() };
  trace.delivered({ ...message, headers: headers as never });
  trace.settled("ack", 1);
  expect(records).toMatchObject([
    { name: "replay", parentSpanId: undefined, links: [{ traceId: ORIGIN.traceId }] },
  ]);
  expect(records[0]?.context.traceId).not.toBe(ORIGIN.traceId);
});
