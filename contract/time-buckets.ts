/**
 * The buckets of statistics, in UTC: `[start, next start)`, named by their start. Weeks start on Monday (ISO 8601).
 * Times are milliseconds since 1970. `date_trunc(…, 'UTC')` and its like in every store must cut the same way.
 */
export type Interval = "minute" | "hour" | "day" | "week" | "month";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The start of the bucket that holds `epochMs`. */
export function floorToBucket(epochMs: number, interval: Interval): number {
  if (interval === "month") return startOfMonth(monthNumber(epochMs));
  const { lengthMs, originMs } = FIXED[interval];
  return Math.floor((epochMs - originMs) / lengthMs) * lengthMs + originMs;
}

/** The start of the bucket that comes `count` after the one that starts at `bucketMs`. */
export function addBuckets(bucketMs: number, count: number, interval: Interval): number {
  return interval === "month"
    ? startOfMonth(monthNumber(bucketMs) + count)
    : bucketMs + count * FIXED[interval].lengthMs;
}

/** How many buckets `[fromMs, toMs)` touches. */
export function countBuckets(fromMs: number, toMs: number, interval: Interval): number {
  if (fromMs >= toMs) return 0;
  if (interval === "month") return monthNumber(toMs - 1) - monthNumber(fromMs) + 1;
  return Math.ceil((toMs - floorToBucket(fromMs, interval)) / FIXED[interval].lengthMs);
}

/** The starts of all buckets that `[fromMs, toMs)` touches, in order. */
export function listBuckets(fromMs: number, toMs: number, interval: Interval): number[] {
  const first = floorToBucket(fromMs, interval);
  return Array.from({ length: countBuckets(fromMs, toMs, interval) }, (_, index) =>
    addBuckets(first, index, interval),
  );
}

/** RFC 3339 in UTC, with a fraction only where there is one. */
export function formatInstant(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(".000Z", "Z");
}

/** 1970-01-05 was a Monday. */
const FIXED: Record<Exclude<Interval, "month">, { lengthMs: number; originMs: number }> = {
  minute: { lengthMs: MINUTE_MS, originMs: 0 },
  hour: { lengthMs: HOUR_MS, originMs: 0 },
  day: { lengthMs: DAY_MS, originMs: 0 },
  week: { lengthMs: 7 * DAY_MS, originMs: 4 * DAY_MS },
};

/** Months since January of the year 0. */
function monthNumber(epochMs: number): number {
  const date = new Date(epochMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** `Date.UTC` reads the years 0 to 99 as 1900 to 1999; `setUTCFullYear` takes them as they are, and months beyond December. */
function startOfMonth(month: number): number {
  return new Date(0).setUTCFullYear(0, month, 1);
}
