import { expect, test } from "vitest";
import { parseExposition } from "../../../../cli/parts/parse-exposition.ts";
import { formatExposition } from "../../../../contract/metrics/exposition.ts";
import type { Metric } from "../../../../contract/metrics/metric.ts";

test("parseExposition() reads what formatExposition() writes", () => {
  const metrics: Metric[] = [
    {
      name: "sluice_a_total",
      help: "A",
      type: "counter",
      samples: [
        { labels: { outcome: "stored", text: 'with "quotes", \\ and\n{a="b"}' }, value: 3 },
        { labels: { outcome: "dead" }, value: 4.5 },
      ],
    },
    {
      name: "sluice_seconds",
      help: "S",
      type: "histogram",
      samples: [
        { suffix: "_bucket", labels: { le: "+Inf" }, value: 2 },
        { suffix: "_sum", labels: {}, value: 1e-7 },
      ],
    },
  ];
  const samples = parseExposition(formatExposition(metrics));
  expect(samples.find("sluice_a_total")).toEqual(
    metrics[0]?.samples.map((sample) => ({ name: "sluice_a_total", ...sample })),
  );
  expect(samples.sum("sluice_a_total")).toBe(7.5);
  expect(samples.sum("sluice_a_total", { outcome: "dead" })).toBe(4.5);
  expect(samples.max("sluice_a_total")).toBe(4.5);
  expect(samples.sum("sluice_seconds_bucket", { le: "+Inf" })).toBe(2);
  expect(samples.sum("sluice_seconds_sum")).toBe(1e-7);
});

test("parseExposition() passes over what it does not know", () => {
  const samples = parseExposition('<html>\n# HELP a b\n\na{x="1"} NaN 17\nb +Inf\nc -Inf\n');
  expect(samples.sum("a")).toBe(0);
  expect(samples.max("a")).toBeUndefined();
  expect([samples.max("b"), samples.max("c")]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]);
});
