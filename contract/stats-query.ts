import { z } from "zod";
import { durationSchema, MAX_DURATION_DAYS } from "./duration.ts";
import { filtersSchema, propertyFieldSchema } from "./property-filter.ts";
import {
  checkBuckets,
  checkRange,
  fromSchema as from,
  intervalSchema as interval,
  MAX_BUCKETS,
  nameSchema,
  oneOf,
  type Range,
  toSchema as to,
  wholeNumber,
} from "./query-parts.ts";
import { countBuckets, type Interval } from "./time-buckets.ts";

/** Groups of a breakdown, and values of all its buckets together. */
export const MAX_GROUPS = 100;
export const MAX_VALUES = 50_000;
export const MAX_TOP_EVENTS = 1_000;
export const MAX_PERIODS = 366;
export const MAX_STEPS = 10;

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
    event_type: nameSchema
      .optional()
      .meta({ description: "Count only events of this type", example: "signup" }),
    measure: oneOf(["events", "users"])
      .default("events")
      .meta({ description: "Count events, or the distinct users who sent them" }),
    breakdown: z
      .string({ error: "must be text" })
      .refine((text) => text === "event_type" || propertyFieldSchema.safeParse(text).success, {
        error: "must be event_type, or properties. and a key",
      })
      .optional()
      .meta({
        type: "string",
        description:
          "One series for each value of `event_type` or `properties.<key>`, the largest first",
        example: "properties.plan",
      }),
    limit: wholeNumber(1, MAX_GROUPS)
      .default(10)
      .meta({ description: "Groups of a breakdown; the rest together is `other`" }),
    filters: filtersSchema.default([]),
  })
  .superRefine((query, context) => {
    const isBounded =
      query.interval === "total"
        ? checkRange(query, context)
        : checkBuckets(query, query.interval, context);
    if (isBounded) checkValues(query, context);
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

/** In JSON a step without filters may be written as its event type alone. */
const funnelStep = z.preprocess(
  (step) => (typeof step === "string" ? { event_type: step } : step),
  z.strictObject(
    { event_type: nameSchema, filters: filtersSchema.default([]) },
    {
      error: "must be an event type, or an object with one",
    },
  ),
);

const funnelQuery = z
  .strictObject({
    kind: z.literal("funnel"),
    steps: z
      .array(funnelStep, { error: "must be a list of steps" })
      .min(2, { error: "must be at least 2" })
      .max(MAX_STEPS, { error: `are more than ${MAX_STEPS}` })
      .meta({ description: `2 to ${MAX_STEPS} steps, in the order in which a user takes them` }),
    window: durationSchema.default("7d").meta({
      type: "string",
      description: `How long after the first step the last may come, such as 30m, 12h, 7d; at most ${MAX_DURATION_DAYS}d`,
    }),
    from,
    to,
  })
  .superRefine((query, context) => {
    checkRange(query, context);
    for (const [index, step] of query.steps.entries()) {
      const before = query.steps[index - 1];
      if (before === undefined || JSON.stringify(before) !== JSON.stringify(step)) continue;
      const message = `repeats step ${index}: one event would be counted for both`;
      context.addIssue({ code: "custom", path: ["steps", index], message });
    }
  });

export const statsQuerySchema = z.discriminatedUnion(
  "kind",
  [activeUsersQuery, topEventsQuery, eventsQuery, retentionQuery, funnelQuery],
  {
    error: ({ code }) =>
      code === "invalid_union"
        ? "must be active_users, top_events, events, retention or funnel"
        : "is not a JSON object",
  },
);

/** The schema of each kind alone, whose errors do not speak of the others. */
export const STATS_QUERY_SCHEMAS = {
  active_users: activeUsersQuery,
  top_events: topEventsQuery,
  events: eventsQuery,
  retention: retentionQuery,
  funnel: funnelQuery,
};

/** A question about one project's events, normalised: `from` and `to` are RFC 3339 in UTC, `from` before `to`. */
export type StatsQuery = z.infer<typeof statsQuerySchema>;
export type StatsKind = StatsQuery["kind"];
export type ActiveUsersQuery = z.infer<typeof activeUsersQuery>;
export type TopEventsQuery = z.infer<typeof topEventsQuery>;
export type EventsQuery = z.infer<typeof eventsQuery>;
export type RetentionQuery = z.infer<typeof retentionQuery>;
export type FunnelQuery = z.infer<typeof funnelQuery>;

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

function checkValues(
  query: Range & { interval: Interval | "total"; breakdown?: string | undefined; limit: number },
  context: z.RefinementCtx,
) {
  if (query.breakdown === undefined || query.interval === "total") return;
  const buckets = countBuckets(Date.parse(query.from), Date.parse(query.to), query.interval);
  const values = buckets * (query.limit + 1);
  if (values <= MAX_VALUES) return;
  const message = `${query.limit} groups and the rest, in ${buckets} buckets, make ${values} values, at most ${MAX_VALUES} are answered`;
  context.addIssue({ code: "custom", path: ["limit"], message });
}
