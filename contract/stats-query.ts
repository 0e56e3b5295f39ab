import { z } from "zod";
import { MAX_TEXT_CHARACTERS } from "./limits.ts";
import { hasUnstorableText } from "./properties.ts";
import { countBuckets, formatInstant, type Interval } from "./time-buckets.ts";
import { parseTimestamp } from "./timestamp.ts";

/** Of one answer: a chart shows far fewer, and a store must not be made to produce more. */
export const MAX_BUCKETS = 10_000;
export const MAX_TOP_EVENTS = 1_000;
export const MAX_PERIODS = 366;

const from = instantSchema().meta({
  description: "Start of the range, inside it: a date (midnight UTC) or RFC 3339 with offset",
  example: "2024-03-01",
});
const to = instantSchema().meta({
  description: "End of the range, outside it: a date (midnight UTC) or RFC 3339 with offset",
  example: "2024-04-01",
});
const interval = oneOf(["day", "week", "month"]).meta({
  description: "Length of a bucket. In UTC; weeks start on Monday",
  example: "day",
});

const activeUsersQuery = z
  .strictObject({ kind: z.literal("active_users"), interval, from, to })
  .superRefine((query, context) => {
    checkRange(query, context);
  });

const topEventsQuery = z
  .strictObject({
    kind: z.literal("top_events"),
    from,
    to,
    limit: wholeNumber(1, MAX_TOP_EVENTS)
      .default(10)
      .meta({ description: "How many event types, the most frequent first" }),
  })
  .superRefine((query, context) => {
    checkRange(query, context);
  });

const eventsQuery = z
  .strictObject({
    kind: z.literal("events"),
    interval: oneOf(["minute", "hour", "day", "week", "month", "total"]).meta({
      description:
        "Length of a bucket, or `total` for one bucket that is the range. In UTC; weeks start on Monday",
      example: "day",
    }),
    from,
    to,
    event_type: eventType().optional().meta({
      description: "Count only events of this type",
      example: "signup",
    }),
    measure: oneOf(["events", "users"])
      .default("events")
      .meta({ description: "Count events, or the distinct users who sent them" }),
    breakdown: oneOf(["event_type"]).optional().meta({
      description: "One series for each value, the largest total first",
    }),
  })
  .superRefine((query, context) => {
    checkRange(query, context);
  });

const retentionQuery = z
  .strictObject({
    kind: z.literal("retention"),
    interval,
    from,
    to,
    periods: wholeNumber(1, MAX_PERIODS)
      .default(8)
      .meta({ description: "How many periods after the first to follow a cohort" }),
  })
  .superRefine((query, context) => {
    if (!checkRange(query, context)) return;
    const cohorts = countRange(query, query.interval);
    const cells = cohorts * (query.periods + 1);
    if (cells <= MAX_BUCKETS) return;
    const message = `gives ${cohorts} cohorts of ${query.periods + 1} numbers, ${cells} in all: at most ${MAX_BUCKETS} are answered`;
    context.addIssue({ code: "custom", path: ["periods"], message });
  });

/** What each kind of question may hold; also what the API's documentation says of it. */
export const STATS_QUERY_SCHEMAS = {
  active_users: activeUsersQuery,
  top_events: topEventsQuery,
  events: eventsQuery,
  retention: retentionQuery,
};

export const statsQuerySchema = z.discriminatedUnion("kind", [
  activeUsersQuery,
  topEventsQuery,
  eventsQuery,
  retentionQuery,
]);

/** A question about one project's events, normalised: `from` and `to` are UTC, whole milliseconds, `from` before `to`. */
export type StatsQuery = z.infer<typeof statsQuerySchema>;
export type StatsKind = StatsQuery["kind"];
export type ActiveUsersQuery = z.infer<typeof activeUsersQuery>;
export type TopEventsQuery = z.infer<typeof topEventsQuery>;
export type EventsQuery = z.infer<typeof eventsQuery>;
export type RetentionQuery = z.infer<typeof retentionQuery>;

/** Everything that is wrong with a query, or with asking it of this much data. */
export class StatsQueryError extends Error {
  override readonly name = "StatsQueryError";
  readonly errors: readonly QueryError[];

  constructor(errors: readonly QueryError[]) {
    super(`Cannot answer query: ${errors.map((error) => error.detail).join("; ")}`);
    this.errors = errors;
  }
}

/** `pointer` is a JSON Pointer (RFC 6901): `/limit` is the parameter `limit`. */
export type QueryError = { readonly pointer: string; readonly detail: string };

/**
 * Reads a question of `kind` from a URL's parameters.
 * @throws {StatsQueryError} that names every parameter which is unknown, repeated, missing or wrong.
 */
export function parseStatsSearch(kind: StatsKind, search: URLSearchParams): StatsQuery {
  const { kind: _, ...parameters } = STATS_QUERY_SCHEMAS[kind].shape;
  const input: Record<string, unknown> = { kind };
  const errors: QueryError[] = [];
  for (const name of new Set(search.keys())) {
    const [value = "", ...more] = search.getAll(name);
    if (!Object.hasOwn(parameters, name)) {
      const known = Object.keys(parameters).join(", ");
      const detail = `Unknown parameter "${shorten(name)}": known are ${known}`;
      errors.push({ pointer: toPointer([name]), detail });
    } else if (more.length > 0) {
      errors.push({ pointer: toPointer([name]), detail: `${name} is given more than once` });
    } else {
      input[name] = NUMBER_PARAMETERS.has(name) && /^\d{1,15}$/.test(value) ? Number(value) : value;
    }
  }
  const result = STATS_QUERY_SCHEMAS[kind].safeParse(input, { reportInput: true });
  const reported = new Set(errors.map((error) => error.pointer));
  for (const issue of result.error?.issues ?? []) {
    const error = toQueryError(issue);
    if (!reported.has(error.pointer)) errors.push(error);
  }
  if (errors.length > 0 || !result.success) throw new StatsQueryError(errors);
  return result.data;
}

/** In a URL everything is text. */
const NUMBER_PARAMETERS: ReadonlySet<string> = new Set(["limit", "periods"]);

function instantSchema() {
  return z.string({ error: NO_INSTANT }).transform((text, context) => {
    const epochMs = parseInstant(text);
    if (typeof epochMs === "number") return formatInstant(epochMs);
    context.addIssue({ code: "custom", message: epochMs });
    return z.NEVER;
  });
}

const NO_INSTANT =
  "is not a date such as 2024-03-01, nor an RFC 3339 date-time with offset such as 2024-03-01T09:30:00Z";

/** Milliseconds since 1970, or why not. */
function parseInstant(text: string): number | string {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const timestamp = parseTimestamp(isDate ? `${text}T00:00:00Z` : text);
  if (timestamp === undefined) {
    return /\d \d\d:\d\d$/.test(text) ? `${NO_INSTANT} (in a URL, write + as %2B)` : NO_INSTANT;
  }
  // Buckets are counted in milliseconds: a finer end would leave out the bucket that it just enters.
  if (!/\.\d{3}Z$/.test(timestamp.text)) return "is finer than a millisecond";
  if (timestamp.epochMs < MIN_MS || timestamp.epochMs >= MAX_MS) {
    return "lies outside the years 1 to 2999";
  }
  return timestamp.epochMs;
}

/** PostgreSQL has no year 0; the periods of a retention reach beyond the range and must still have four digits. */
const MIN_MS = new Date("0001-01-01T00:00:00Z").getTime();
const MAX_MS = Date.UTC(3000, 0);

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `must be ${values.join(", ").replace(/, (?=[^,]*$)/, " or ")}` });
}

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function eventType() {
  return z
    .string({ error: "must be text" })
    .min(1, { error: "is empty" })
    .max(MAX_TEXT_CHARACTERS, { error: `is longer than ${MAX_TEXT_CHARACTERS} characters` })
    .refine((text) => !hasUnstorableText(text), { error: "holds a NUL or a lone surrogate" });
}

type Range = { readonly from: string; readonly to: string; readonly interval?: Interval | "total" };

/** Adds what is wrong with the range as a whole, and says whether nothing is. */
function checkRange(query: Range, context: z.RefinementCtx): boolean {
  if (Date.parse(query.from) >= Date.parse(query.to)) {
    context.addIssue({ code: "custom", path: ["to"], message: "must be later than from" });
    return false;
  }
  if (query.interval === undefined || query.interval === "total") return true;
  const buckets = countRange(query, query.interval);
  if (buckets <= MAX_BUCKETS) return true;
  const message = `${query.interval} cuts the range into ${buckets} buckets: at most ${MAX_BUCKETS} are answered`;
  context.addIssue({ code: "custom", path: ["interval"], message });
  return false;
}

function countRange(range: Range, interval: Interval): number {
  return countBuckets(Date.parse(range.from), Date.parse(range.to), interval);
}

function toQueryError(issue: z.core.$ZodIssue): QueryError {
  const name = issue.path.join(".");
  const isMissing = issue.code !== "custom" && issue.input === undefined;
  return {
    pointer: toPointer(issue.path),
    detail: isMissing ? `${name} is missing` : `${name} ${issue.message}`,
  };
}

function toPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${shorten(String(part)).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

function shorten(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
