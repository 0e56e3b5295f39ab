import { z } from "zod";
import { instantSchema } from "./instant.ts";
import { MAX_TEXT_CHARACTERS } from "./limits.ts";
import { hasUnstorableText } from "./properties.ts";
import { countBuckets, type Interval } from "./time-buckets.ts";

/** Of one answer: far more than a chart shows, and little enough for the edge to fill and send. */
export const MAX_BUCKETS = 10_000;
/** Groups of a breakdown, and values of all its buckets together. */
export const MAX_GROUPS = 100;
export const MAX_VALUES = 50_000;
export const MAX_TOP_EVENTS = 1_000;
export const MAX_PERIODS = 366;

const from = instantSchema.meta({
  type: "string",
  description: "Start of the range, inside it: a date (midnight UTC) or RFC 3339 with offset",
  example: "2024-03-01",
});
const to = instantSchema.meta({
  type: "string",
  description: "End of the range, outside it: a date (midnight UTC) or RFC 3339 with offset",
  example: "2024-04-01",
});
const interval = oneOf(["day", "week", "month"]).meta({
  description: "Length of a bucket, in UTC; weeks start on Monday",
  example: "day",
});

const activeUsersQuery = z
  .strictObject({ kind: z.literal("active_users"), interval, from, to })
  .superRefine((query, context) => {
    checkBuckets(query, query.interval, context);
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
        "Length of a bucket, in UTC; weeks start on Monday; `total` is one bucket for the whole range",
      example: "day",
    }),
    from,
    to,
    event_type: eventType()
      .optional()
      .meta({ description: "Count only events of this type", example: "signup" }),
    measure: oneOf(["events", "users"])
      .default("events")
      .meta({ description: "Count events, or the distinct users who sent them" }),
    breakdown: oneOf(["event_type"])
      .optional()
      .meta({ description: "One series for each value, the largest first" }),
  })
  .superRefine((query, context) => {
    if (query.interval === "total") checkRange(query, context);
    else checkBuckets(query, query.interval, context);
  });

const retentionQuery = z
  .strictObject({
    kind: z.literal("retention"),
    interval,
    from,
    to,
    periods: wholeNumber(1, MAX_PERIODS)
      .default(8)
      .meta({ description: "How many periods to follow a cohort after its first" }),
  })
  .superRefine((query, context) => {
    if (checkBuckets(query, query.interval, context)) checkCells(query, context);
  });

export const statsQuerySchema = z.discriminatedUnion("kind", [
  activeUsersQuery,
  topEventsQuery,
  eventsQuery,
  retentionQuery,
]);

/** The schema of each kind alone, whose errors do not speak of the others. */
export const STATS_QUERY_SCHEMAS = {
  active_users: activeUsersQuery,
  top_events: topEventsQuery,
  events: eventsQuery,
  retention: retentionQuery,
};

/** A question about one project's events, normalised: `from` and `to` are RFC 3339 in UTC, `from` before `to`. */
export type StatsQuery = z.infer<typeof statsQuerySchema>;
export type StatsKind = StatsQuery["kind"];
export type ActiveUsersQuery = z.infer<typeof activeUsersQuery>;
export type TopEventsQuery = z.infer<typeof topEventsQuery>;
export type EventsQuery = z.infer<typeof eventsQuery>;
export type RetentionQuery = z.infer<typeof retentionQuery>;

/** `pointer` is a JSON Pointer (RFC 6901) into the query: `/limit`. */
export type QueryFault = { readonly pointer: string; readonly detail: string };

/** Everything that is wrong with a query, or with asking it of this much data. */
export class StatsQueryError extends Error {
  override readonly name = "StatsQueryError";
  readonly faults: readonly QueryFault[];

  constructor(faults: readonly QueryFault[]) {
    super(`Cannot answer query: ${faults.map((fault) => fault.detail).join("; ")}`);
    this.faults = faults;
  }
}

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  const error = `must be ${values.join(", ").replace(/, ([^,]*)$/, " or $1")}`;
  return z.enum(values, { error });
}

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  // Abort: the query as a whole is not judged by a number that is refused already.
  return z.int({ error }).min(min, { error, abort: true }).max(max, { error, abort: true });
}

function eventType() {
  return z
    .string({ error: "must be text" })
    .min(1, { error: "is empty" })
    .max(MAX_TEXT_CHARACTERS, { error: `is longer than ${MAX_TEXT_CHARACTERS} characters` })
    .refine((text) => !hasUnstorableText(text), { error: "holds a NUL or a lone surrogate" });
}

type Range = { readonly from: string; readonly to: string };

/** Says whether the range is in order, and reports it if not. */
function checkRange({ from, to }: Range, context: z.RefinementCtx): boolean {
  if (Date.parse(from) < Date.parse(to)) return true;
  context.addIssue({ code: "custom", path: ["to"], message: "must be later than from" });
  return false;
}

function checkBuckets(range: Range, interval: Interval, context: z.RefinementCtx): boolean {
  if (!checkRange(range, context)) return false;
  const buckets = countBuckets(Date.parse(range.from), Date.parse(range.to), interval);
  if (buckets <= MAX_BUCKETS) return true;
  const message = `${interval} cuts the range into ${buckets} buckets, at most ${MAX_BUCKETS} are answered`;
  context.addIssue({ code: "custom", path: ["interval"], message });
  return false;
}

function checkCells(
  query: Range & { interval: Interval; periods: number },
  context: z.RefinementCtx,
) {
  const cohorts = countBuckets(Date.parse(query.from), Date.parse(query.to), query.interval);
  const cells = cohorts * (query.periods + 1);
  if (cells <= MAX_BUCKETS) return;
  const message = `${query.periods} of ${cohorts} cohorts make ${cells} numbers, at most ${MAX_BUCKETS} are answered`;
  context.addIssue({ code: "custom", path: ["periods"], message });
}
