import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addBuckets,
  countBuckets,
  floorToBucket,
  formatInstant,
  type Interval,
  listBuckets,
} from "../../../contract/time-buckets.ts";

const INTERVALS: readonly Interval[] = ["minute", "hour", "day", "week", "month"];
const interval = fc.constantFrom(...INTERVALS);
const instant = fc.integer({
  min: Date.parse("1890-01-01T00:00:00Z"),
  max: Date.parse("2150-01-01T00:00:00Z"),
});

const list = (from: string, to: string, interval: Interval) =>
  listBuckets(Date.parse(from), Date.parse(to), interval).map(formatInstant);

describe("floorToBucket()", () => {
  it.each<[string, Interval, string]>([
    ["2024-02-29T23:59:59.999Z", "minute", "2024-02-29T23:59:00Z"],
    ["2024-02-29T23:59:59.999Z", "hour", "2024-02-29T23:00:00Z"],
    ["2024-02-29T23:59:59.999Z", "day", "2024-02-29T00:00:00Z"],
    ["2024-02-29T23:59:59.999Z", "week", "2024-02-26T00:00:00Z"],
    ["2024-02-29T23:59:59.999Z", "month", "2024-02-01T00:00:00Z"],
    ["2024-03-04T00:00:00Z", "week", "2024-03-04T00:00:00Z"],
    ["2024-03-03T23:59:59.999Z", "week", "2024-02-26T00:00:00Z"],
    ["2025-01-01T00:00:00Z", "week", "2024-12-30T00:00:00Z"],
    ["1969-12-31T23:59:59.999Z", "day", "1969-12-31T00:00:00Z"],
    ["1969-12-31T23:59:59.999Z", "week", "1969-12-29T00:00:00Z"],
    ["1969-12-31T23:59:59.999Z", "month", "1969-12-01T00:00:00Z"],
    ["0001-01-15T00:00:00Z", "month", "0001-01-01T00:00:00Z"],
  ])("puts %s into the %s of %s", (time, interval, start) => {
    expect(formatInstant(floorToBucket(Date.parse(time), interval))).toBe(start);
  });

  it("starts weeks on Monday and months on the 1st", () => {
    fc.assert(
      fc.property(instant, (ms) => {
        expect(new Date(floorToBucket(ms, "week")).getUTCDay()).toBe(1);
        expect(new Date(floorToBucket(ms, "month")).getUTCDate()).toBe(1);
      }),
    );
  });
});

describe("addBuckets()", () => {
  it.each<[string, number, Interval, string]>([
    ["2023-12-01T00:00:00Z", 3, "month", "2024-03-01T00:00:00Z"],
    ["2024-01-01T00:00:00Z", -1, "month", "2023-12-01T00:00:00Z"],
    ["2024-02-28T00:00:00Z", 2, "day", "2024-03-01T00:00:00Z"],
    ["2023-02-28T00:00:00Z", 1, "day", "2023-03-01T00:00:00Z"],
    ["2024-12-30T00:00:00Z", 1, "week", "2025-01-06T00:00:00Z"],
  ])("%s plus %i %s is %s", (start, count, interval, expected) => {
    expect(formatInstant(addBuckets(Date.parse(start), count, interval))).toBe(expected);
  });
});

describe("listBuckets()", () => {
  it("lists every bucket that the range touches", () => {
    expect(list("2024-02-28T12:00:00Z", "2024-03-01T00:00:00.001Z", "day")).toEqual([
      "2024-02-28T00:00:00Z",
      "2024-02-29T00:00:00Z",
      "2024-03-01T00:00:00Z",
    ]);
    expect(list("2023-02-28T00:00:00Z", "2023-03-01T00:00:00Z", "day")).toHaveLength(1);
    expect(list("2024-01-31T00:00:00Z", "2024-03-01T00:00:00Z", "month")).toEqual([
      "2024-01-01T00:00:00Z",
      "2024-02-01T00:00:00Z",
    ]);
    expect(list("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "day")).toEqual([]);
  });

  it("is contiguous, covers the range and holds nothing beyond it", () => {
    const length = fc.integer({ min: 1, max: 200 * 86_400_000 });
    fc.assert(
      fc.property(instant, length, interval, (fromMs, lengthMs, interval) => {
        const scaled = interval === "minute" ? Math.ceil(lengthMs / 1_000) : lengthMs;
        const toMs = fromMs + scaled;
        const starts = listBuckets(fromMs, toMs, interval);
        const ends = starts.map((start) => addBuckets(start, 1, interval));
        expect(starts).toHaveLength(countBuckets(fromMs, toMs, interval));
        expect(starts[0]).toBe(floorToBucket(fromMs, interval));
        expect(starts.at(-1)).toBe(floorToBucket(toMs - 1, interval));
        expect(starts.slice(1)).toEqual(ends.slice(0, -1));
        expect(starts.map((start) => floorToBucket(start, interval))).toEqual(starts);
        expect(ends.map((end) => floorToBucket(end - 1, interval))).toEqual(starts);
      }),
    );
  });
});

describe("formatInstant()", () => {
  it("writes a fraction only where there is one", () => {
    expect(formatInstant(0)).toBe("1970-01-01T00:00:00Z");
    expect(formatInstant(5)).toBe("1970-01-01T00:00:00.005Z");
  });
});
