import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, refreshLimitMs } from "../../../../worker/timescale/aggregates.ts";
import {
  aboveFloor,
  adaptPieceMs,
  FIRST_PIECE_MS,
  firstPiece,
  lateWindows,
  tailWindow,
} from "../../../../worker/timescale/refresh-windows.ts";

const TODAY = Date.UTC(2026, 10, 23);
const day = (offset: number) => TODAY + offset * DAY_MS;

describe("refreshLimitMs()", () => {
  const hourly = { bucketMs: HOUR_MS, tailMs: 10 * 60_000 };
  test.each([
    ["10:30", 10],
    ["10:10", 10],
    ["10:09", 9],
  ])("hourly at %s is %i:00", (time, hour) => {
    const nowMs = Date.parse(`2026-11-23T${time}:00Z`);
    expect(refreshLimitMs(hourly, nowMs)).toBe(TODAY + hour * HOUR_MS);
  });

  test("daily stays a day behind until the tail is over", () => {
    const daily = { bucketMs: DAY_MS, tailMs: HOUR_MS };
    expect(refreshLimitMs(daily, TODAY + 59 * 60_000)).toBe(day(-1));
    expect(refreshLimitMs(daily, TODAY + HOUR_MS)).toBe(TODAY);
  });
});

describe("lateWindows()", () => {
  const border = { watermarkMs: day(0), limitMs: day(0) };

  test("nothing for days that raw rows answer", () => {
    expect(lateWindows([day(0), day(1)], border)).toEqual([]);
    expect(
      lateWindows([day(-3)], { watermarkMs: Number.NEGATIVE_INFINITY, limitMs: day(0) }),
    ).toEqual([]);
  });

  test("one for days that are close, separate ones for days that are far apart", () => {
    expect(lateWindows([day(-1), day(-400), day(-3)], border)).toEqual([
      { fromMs: day(-400), toMs: day(-399) },
      { fromMs: day(-3), toMs: day(0) },
    ]);
  });

  test("never beyond the limit", () => {
    const limitMs = day(0) + 5 * HOUR_MS;
    expect(lateWindows([day(0)], { watermarkMs: limitMs, limitMs })).toEqual([
      { fromMs: day(0), toMs: limitMs },
    ]);
    expect(lateWindows([day(0)], { watermarkMs: day(1), limitMs: day(0) })).toEqual([]);
  });

  test("a bounded number of windows that cover every day", () => {
    const days = Array.from({ length: 100 }, (_, index) => day(-10_000 + index * 30 + (index % 7)));
    const windows = lateWindows(days, border);
    expect(windows.length).toBeLessThanOrEqual(12);
    for (const start of days) {
      expect(windows.some(({ fromMs, toMs }) => fromMs <= start && start + DAY_MS <= toMs)).toBe(
        true,
      );
    }
  });
});

describe("tailWindow()", () => {
  test("from the watermark, or the oldest row, to the limit", () => {
    const limitMs = day(0);
    expect(tailWindow({ oldestMs: day(-9), watermarkMs: day(-2), limitMs })).toEqual({
      fromMs: day(-2),
      toMs: limitMs,
    });
    expect(
      tailWindow({ oldestMs: day(-9), watermarkMs: Number.NEGATIVE_INFINITY, limitMs }),
    ).toEqual({ fromMs: day(-9), toMs: limitMs });
  });

  test("nothing when there is no closed bucket", () => {
    expect(tailWindow({ oldestMs: day(-9), watermarkMs: day(0), limitMs: day(0) })).toBeUndefined();
    expect(tailWindow({ oldestMs: day(2), watermarkMs: day(-5), limitMs: day(0) })).toBeUndefined();
  });
});

describe("firstPiece()", () => {
  const window = { fromMs: day(-100), toMs: day(0) };

  test("is whole buckets", () => {
    expect(firstPiece(window, 3.5 * DAY_MS, { bucketMs: DAY_MS })).toEqual({
      fromMs: day(-100),
      toMs: day(-97),
    });
    expect(firstPiece(window, 1, { bucketMs: DAY_MS }).toMs).toBe(day(-99));
  });

  test("ends with the window", () => {
    expect(firstPiece(window, 1_000 * DAY_MS, { bucketMs: DAY_MS })).toEqual(window);
  });
});

test("adaptPieceMs() shrinks after slow refreshes and grows after quick ones", () => {
  expect(adaptPieceMs(FIRST_PIECE_MS, 10)).toBe(FIRST_PIECE_MS * 2);
  expect(adaptPieceMs(FIRST_PIECE_MS, 200)).toBe(FIRST_PIECE_MS);
  expect(adaptPieceMs(FIRST_PIECE_MS, 2_000)).toBe(FIRST_PIECE_MS / 2);
});

describe("aboveFloor()", () => {
  const window = { fromMs: day(-3), toMs: day(0) };
  test("leaves a window above the floor as it is", () => {
    expect(aboveFloor(window, day(-3))).toEqual(window);
    expect(aboveFloor(window, Number.NEGATIVE_INFINITY)).toEqual(window);
  });
  test("cuts off what is below", () => {
    expect(aboveFloor(window, day(-1))).toEqual({ fromMs: day(-1), toMs: day(0) });
  });
  test("leaves nothing of a window below", () => {
    expect(aboveFloor(window, day(0))).toBeUndefined();
  });
});
