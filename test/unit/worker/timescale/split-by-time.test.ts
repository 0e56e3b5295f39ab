import { expect, test } from "vitest";
import { DAY_MS } from "../../../../worker/timescale/aggregates.ts";
import { splitByTime } from "../../../../worker/timescale/split-by-time.ts";
import { createRow } from "../rows.ts";

const NOW = Date.UTC(2026, 10, 23);
const daysAgo = (days: number) => createRow({ occurredAtMs: NOW - days * DAY_MS });
const shape = (days: readonly number[]) =>
  splitByTime(days.map(daysAgo)).map((group) =>
    group.map((row) => (NOW - row.occurredAtMs) / DAY_MS),
  );

test.each([
  ["no rows", [], []],
  ["rows that are close, in their order", [0, 1, 0], [[0, 1, 0]]],
  ["one late row among fresh ones", [0, 300, 1], [[300], [1, 0]]],
  ["two late rows far apart", [0, 300, 700], [[700], [300], [0]]],
])("splitByTime() %s", (_, days, expected) => {
  expect(shape(days)).toEqual(expected);
});

test("splitByTime() keeps every row in at most six groups", () => {
  const days = Array.from({ length: 50 }, (_, index) => index * index);
  const groups = shape(days);
  expect(groups.length).toBe(6);
  expect(groups.flat().sort((a, b) => a - b)).toEqual(days);
});
