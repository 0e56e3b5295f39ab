import { expect, test } from "vitest";
import { DAY_MS } from "../../../../worker/timescale/aggregates.ts";
import { createLateDayLog } from "../../../../worker/timescale/late-days.ts";
import { createDelivery, createRow } from "../rows.ts";

const DAY = Date.UTC(2026, 10, 20);

test("createLateDayLog() notes the days of rows below the limit, each with its oldest time of storing", () => {
  const log = createLateDayLog();
  const rows = [
    rowAt(DAY + 5, 2_000),
    rowAt(DAY + 9, 1_000),
    rowAt(DAY - 1, 3_000),
    rowAt(DAY + DAY_MS, 500),
  ];
  expect(log.note(rows, DAY + DAY_MS)).toBe(3);
  expect(log.oldestStoredAtMs).toBe(1_000);
  expect(log.take()).toEqual(
    new Map([
      [DAY, 1_000],
      [DAY - DAY_MS, 3_000],
    ]),
  );
});

test("createLateDayLog() counts what was taken as invisible until it is settled", () => {
  const log = createLateDayLog();
  log.note([rowAt(DAY, 1_000)], DAY + DAY_MS);
  const taken = log.take();
  log.note([rowAt(DAY, 4_000)], DAY + DAY_MS);
  expect(log.oldestStoredAtMs).toBe(1_000);
  log.settle(taken);
  expect(log.oldestStoredAtMs).toBe(1_000);
  log.take();
  log.settle(new Map());
  expect(log.oldestStoredAtMs).toBeUndefined();
  expect(log.size).toBe(0);
});

test("createLateDayLog() takes no note of fresh rows", () => {
  const log = createLateDayLog();
  expect(log.note([rowAt(DAY, 1_000)], DAY)).toBe(0);
  expect(log.size).toBe(0);
});

function rowAt(occurredAtMs: number, storedAtMs: number) {
  return createRow({ occurredAtMs, source: createDelivery({ rows: 0, storedAtMs }) });
}
