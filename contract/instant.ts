import { z } from "zod";
import { formatInstant } from "./time-buckets.ts";
import { parseTimestamp } from "./timestamp.ts";

/** PostgreSQL has no year 0; the periods of a retention reach beyond its range and must still have four digits. */
const MIN_MS = new Date("0001-01-01T00:00:00Z").getTime();
const MAX_MS = Date.UTC(3000, 0);

const NOT_AN_INSTANT =
  "is neither a date such as 2024-03-01 nor an RFC 3339 date-time with offset such as 2024-03-01T09:30:00Z";

/** An end of a range of time: a date (midnight UTC) or RFC 3339 with offset. Its value is RFC 3339 in UTC. */
export const instantSchema = z.string({ error: NOT_AN_INSTANT }).transform((text, context) => {
  const epochMs = parseInstant(text);
  if (typeof epochMs === "number") return formatInstant(epochMs);
  context.addIssue({ code: "custom", message: epochMs });
  return z.NEVER;
});

/** Milliseconds since 1970, or why not. */
function parseInstant(text: string): number | string {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const timestamp = parseTimestamp(isDate ? `${text}T00:00:00Z` : text);
  if (timestamp === undefined) {
    const hasLostPlus = / \d\d:\d\d$/.test(text);
    return hasLostPlus ? `${NOT_AN_INSTANT} (in a URL, write + as %2B)` : NOT_AN_INSTANT;
  }
  // Buckets are counted in milliseconds: a finer end would miss the bucket that it just enters.
  if (!/\.\d{3}Z$/.test(timestamp.text)) return "is finer than a millisecond";
  if (timestamp.epochMs < MIN_MS || timestamp.epochMs >= MAX_MS) {
    return "lies outside the years 1 to 2999";
  }
  return timestamp.epochMs;
}
