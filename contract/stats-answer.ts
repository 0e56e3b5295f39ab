import { z } from "zod";
import type {
  EventsQuery,
  FunnelQuery,
  RetentionQuery,
  StatsKind,
  StatsQuery,
} from "./stats-query.ts";
import type {
  ActiveUsersRow,
  EventsRow,
  FunnelRow,
  RetentionRow,
  StatsRow,
  TopEventsRow,
} from "./stats-row.ts";
import { addBuckets, formatInstant, type Interval, listBuckets } from "./time-buckets.ts";

const count = z.int().min(0);
const bucket = z.iso.datetime().meta({
  description: "Start of the bucket, in UTC; the first may start before `from`",
  example: "2024-03-01T00:00:00Z",
});

/** One element of `data` in the answer to each kind of question. */
export const STATS_DATA_SCHEMAS = {
  active_users: z
    .object({ bucket, users: count.meta({ description: "Distinct users with an event" }) })
    .meta({ id: "ActiveUsers" }),
  top_events: z
    .object({
      event_type: z.string(),
      events: count,
      users: count.meta({ description: "Distinct users who sent it" }),
    })
    .meta({ id: "TopEvent" }),
  events: z
    .object({
      bucket,
      group: z.string().nullable().optional().meta({
        description:
          "Present with `breakdown`; null: the events that have no text, number or boolean there",
      }),
      other: z
        .literal(true)
        .optional()
        .meta({ description: "With `breakdown`: all groups beyond `limit` together" }),
      value: count,
    })
    .meta({ id: "EventCount" }),
  retention: z
    .object({
      cohort: z.iso.datetime().meta({
        description: "Start of the period in which these users sent their first event ever",
        example: "2024-03-04T00:00:00Z",
      }),
      size: count.meta({ description: "Users of the cohort" }),
      retained: z.array(count.nullable()).meta({
        description:
          "Users of the cohort active in its period 0, 1, 2 …; null for a period that has not begun",
        example: [5, 2, null],
      }),
    })
    .meta({ id: "RetentionCohort" }),
  funnel: z
    .object({
      step: z.int().min(1),
      event_type: z.string(),
      users: count.meta({ description: "Distinct users who got as far as this step" }),
      conversion: z
        .number()
        .min(0)
        .max(1)
        .nullable()
        .meta({ description: "Of the users of the first step; null where there are none" }),
    })
    .meta({ id: "FunnelStep" }),
} satisfies Record<StatsKind, z.ZodType>;

/** Says of every answer what was asked, how fresh the numbers are and where they come from. */
export const statsMetaSchema = z
  .object({
    query: z
      .record(z.string(), z.unknown())
      .meta({ description: "The question as it was understood, with its defaults" }),
    as_of: z.iso
      .datetime()
      .nullable()
      .meta({ description: "What was received until then is counted; null: not known" }),
    lag_ms: z.int().nullable().meta({ description: "How long ago `as_of` is" }),
    sources: z.array(z.string()).meta({ description: "Tables or views that were read" }),
    cache: z.enum(["hit", "miss", "stale"]),
    elapsed_ms: z.int(),
  })
  .meta({ id: "StatsMeta" });

export type StatsMeta = z.infer<typeof statsMetaSchema>;

type Datum<K extends StatsKind> = z.infer<(typeof STATS_DATA_SCHEMAS)[K]>;
export type StatsData = { readonly [K in StatsKind]: Datum<K>[] }[StatsKind];

/**
 * Completes a store's rows to the answer: every bucket, group and period is there, with 0 where there are no events.
 * One function for all stores, so that they need not agree on how to make rows from nothing.
 * @param asOfMs when the rows were true; a retention period that begins later is not 0 but unknown.
 */
export function toStatsData(
  query: StatsQuery,
  rows: readonly StatsRow[],
  asOfMs: number,
): StatsData {
  // The store answers the kind that it was asked: nothing else ties the rows' type to the query's.
  switch (query.kind) {
    case "active_users":
      return fillActiveUsers(bucketsOf(query), rows as readonly ActiveUsersRow[]);
    case "top_events":
      return [...(rows as readonly TopEventsRow[])];
    case "events":
      return fillEvents(query, rows as readonly EventsRow[]);
    case "retention":
      return fillRetention(query, rows as readonly RetentionRow[], asOfMs);
    case "funnel":
      return fillFunnel(query, rows as readonly FunnelRow[]);
  }
}

/** When the last bucket that the answer speaks of ends; a later event cannot change it. */
export function endOfAnswerMs(query: StatsQuery): number {
  if (query.kind !== "retention") return Date.parse(query.to);
  const lastCohort = bucketsOf(query).at(-1) ?? Date.parse(query.to);
  return addBuckets(lastCohort, query.periods + 1, query.interval);
}

function bucketsOf(query: { from: string; to: string; interval: Interval }): number[] {
  return listBuckets(Date.parse(query.from), Date.parse(query.to), query.interval);
}

function fillActiveUsers(
  buckets: readonly number[],
  rows: readonly ActiveUsersRow[],
): Datum<"active_users">[] {
  const users = new Map(rows.map((row) => [Date.parse(row.bucket), row.users]));
  return buckets.map((start) => ({ bucket: formatInstant(start), users: users.get(start) ?? 0 }));
}

function fillEvents(query: EventsQuery, rows: readonly EventsRow[]): Datum<"events">[] {
  const { interval, limit } = query;
  const isTotal = interval === "total";
  const buckets = isTotal ? [Date.parse(query.from)] : bucketsOf({ ...query, interval });
  const groups = query.breakdown === undefined ? [{ place: 0 }] : groupsOf(rows, limit);
  const values = new Map<string, number>();
  for (const { bucket, place = 0, value } of rows) {
    values.set(`${isTotal ? buckets[0] : Date.parse(bucket)} ${place}`, value);
  }
  return buckets.flatMap((start) => {
    const bucket = formatInstant(start);
    return groups.map(({ place, ...group }) => ({
      bucket,
      ...group,
      value: values.get(`${start} ${place}`) ?? 0,
    }));
  });
}

type Group = {
  readonly place: number;
  readonly group?: string | null;
  readonly other?: true;
};

/** The largest first; what is left of them last. */
function groupsOf(rows: readonly EventsRow[], limit: number): Group[] {
  const groups = new Map<number, Group>();
  for (const { place = 0, group = null } of rows) {
    groups.set(place, place > limit ? { place, group: "other", other: true } : { place, group });
  }
  return [...groups.values()].sort((a, b) => a.place - b.place);
}

function fillRetention(
  query: RetentionQuery,
  rows: readonly RetentionRow[],
  asOfMs: number,
): Datum<"retention">[] {
  const users = new Map(rows.map((row) => [`${Date.parse(row.cohort)} ${row.period}`, row.users]));
  return bucketsOf(query).map((cohort) => {
    const retained = Array.from({ length: query.periods + 1 }, (_, index) => {
      const period = addBuckets(cohort, index, query.interval);
      return users.get(`${cohort} ${index}`) ?? (period <= asOfMs ? 0 : null);
    });
    return { cohort: formatInstant(cohort), size: retained[0] ?? 0, retained };
  });
}

function fillFunnel(query: FunnelQuery, [row]: readonly FunnelRow[]): Datum<"funnel">[] {
  const entered = row?.step_1 ?? 0;
  return query.steps.map(({ event_type }, index) => {
    const reached = row?.[`step_${index + 1}`] ?? 0;
    const conversion = entered === 0 ? null : reached / entered;
    return { step: index + 1, event_type, users: reached, conversion };
  });
}
