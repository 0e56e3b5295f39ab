import { expect, test } from "vitest";
import { createSpanExporter } from "../../../../contract/trace/span-exporter.ts";
import { createTracer } from "../../../../contract/trace/tracer.ts";

const OK = async () => new Response("{}");

function createBench(answer: () => Promise<Response> = OK) {
  const sent: number[] = [];
  const told: object[] = [];
  const waiting: Promise<unknown>[] = [];
  const clock = { nowMs: 0 };
  const exporter = createSpanExporter({
    settings: {
      url: "http://collector.test/v1/traces",
      headers: { key: "k" },
      serviceName: "edge",
    },
    fetch: (_, { body }) => {
      sent.push(JSON.parse(String(body)).resourceSpans[0].scopeSpans[0].spans.length);
      return answer();
    },
    now: () => clock.nowMs,
    delay: async () => {},
    onDropped: (fields) => void told.push(fields),
  });
  const tracer = createTracer({ ratio: 1, now: () => clock.nowMs, record: exporter.add });
  const addSpans = (count: number) => {
    for (let index = 0; index < count; index += 1) tracer.start("span").end();
  };
  const soon = () => exporter.soon((work) => void waiting.push(work));
  return { exporter, sent, told, clock, addSpans, soon, waiting };
}

test("sends what several requests have recorded at once, and asks nobody when there is nothing", async () => {
  const bench = createBench();
  bench.soon();
  expect(bench.waiting).toHaveLength(0);
  for (let request = 0; request < 3; request += 1) {
    bench.addSpans(2);
    bench.soon();
  }
  expect(bench.waiting).toHaveLength(1);
  await Promise.all(bench.waiting);
  expect(bench.sent).toEqual([6]);
});

test("sends again after what was to send a call was cut off", async () => {
  const bench = createBench();
  bench.addSpans(1);
  bench.exporter.soon(() => {});
  bench.clock.nowMs += 1_000;
  bench.soon();
  await Promise.all(bench.waiting);
  expect(bench.sent).toEqual([1]);
});

test("holds so many, drops what is more, and tells that once a minute", async () => {
  const bench = createBench();
  bench.addSpans(2_050);
  expect(bench.exporter.dropped).toBe(2);
  expect(bench.told).toEqual([{ dropped: 1 }]);
  await bench.exporter.flush();
  expect(bench.sent).toEqual([512, 512, 512, 512]);
});

test.each([
  ["refuses", async () => new Response("", { status: 503 })],
  ["is away", () => Promise.reject(new TypeError("fetch failed"))],
])("drops a batch when the collector %s, and leaves it alone for a while", async (_, answer) => {
  const bench = createBench(answer);
  bench.addSpans(600);
  await bench.exporter.flush();
  expect(bench.sent).toEqual([512]);
  expect(bench.exporter.dropped).toBe(512);
  expect(bench.told).toEqual([{ dropped: 512, err: expect.any(Error) }]);
  bench.soon();
  expect(bench.waiting).toHaveLength(0);
  bench.clock.nowMs += 5_000;
  bench.soon();
  expect(bench.waiting).toHaveLength(1);
});
