import { describe, expect, test } from "vitest";
import { type Buckets, quantile, ratePerSecond } from "../../../../cli/status/rates.ts";
import type { Said } from "../../../../cli/status/source.ts";

function said<Value>(...values: readonly (readonly [atSeconds: number, value: Value])[]) {
  return values.map(([atSeconds, value]): Said<Value> => ({ atMs: atSeconds * 1_000, value }));
}

const itself = (value: number) => value;

test.each([
  ["nothing", said<number>(), undefined],
  ["one answer", said([0, 5]), undefined],
  ["growth", said([0, 100], [2, 120], [4, 180]), 20],
  ["no growth", said([0, 100], [2, 100]), 0],
  ["two answers at once", said([1, 5], [1, 9]), undefined],
  ["a count that began anew", said([0, 900], [2, 10], [4, 50]), 20],
  ["a count that has just begun anew", said([0, 900], [2, 10]), undefined],
])("ratePerSecond() of %s", (_, history, expected) => {
  expect(ratePerSecond(history, itself)).toBe(expected);
});

function buckets(...counts: number[]): Buckets {
  const bounds = [0.1, 0.2, 1, Number.POSITIVE_INFINITY];
  return bounds.map((le, index) => ({ le, count: counts[index] ?? 0 }));
}

describe("quantile()", () => {
  test.each([
    ["nothing", said<Buckets>(), undefined],
    ["one answer", said([0, buckets(5, 5, 5, 5)]), undefined],
    [
      "no observation meanwhile",
      said([0, buckets(5, 5, 5, 5)], [1, buckets(5, 5, 5, 5)]),
      undefined,
    ],
    [
      "observations in the first bucket",
      said([0, buckets()], [1, buckets(100, 100, 100, 100)]),
      0.095,
    ],
    ["observations in two", said([0, buckets()], [1, buckets(90, 100, 100, 100)]), 0.15],
    [
      "what came since alone",
      said([0, buckets(0, 0, 900, 900)], [1, buckets(100, 100, 1000, 1000)]),
      0.095,
    ],
    ["observations above every bound", said([0, buckets()], [1, buckets(0, 0, 0, 10)]), 1],
    [
      "a histogram that began anew",
      said([0, buckets(0, 0, 0, 900)], [1, buckets(0)], [2, buckets(10, 10, 10, 10)]),
      0.095,
    ],
  ])("of %s", (_, history, expected) => {
    const found = quantile(history, (value) => value, 0.95);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(expected, 10);
  });

  test("of a histogram without buckets", () => {
    expect(quantile(said<Buckets>([0, []], [1, []]), (value) => value, 0.95)).toBeUndefined();
  });
});
