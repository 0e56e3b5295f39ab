/** Events and questions by chance, chosen so that whatever a store could get wrong happens often: for fast-check. */
import fc from "fast-check";
import {
  type FunnelQuery,
  type StatsKind,
  type StatsQuery,
  statsQuerySchema,
} from "../../contract/stats-query.ts";
import type { NaiveEvent } from "./naive-stats.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SPAN_DAYS = 30;

/** Around a year's end and a leap day. */
const START = fc.constantFrom("2023-12-18", "2024-02-19").map((date) => Date.parse(date));
const TYPES = ["a", "B", "é", "\u{1f600}", "\uffee", "it's $1", 'q"\\', "%_"];
const USERS = ["u1", "u2", "u3", "u4", "u\"5'", "\u{1f600}"];
/** Keys that some dialect of SQL or JSON path might read as something else. */
export const HOSTILE_KEYS = [
  "plan",
  "a.b",
  "",
  "0",
  "$",
  "$.plan",
  "it's",
  'q"t',
  "back\\slash",
  "a/b",
  "~1",
  "*",
  "[0]",
  "é\u{1f600}",
  "?1",
  "{p1:String}",
];
/** Strings that look like other things, numbers at the borders of how they are written, and everything that has no text. */
const VALUES: readonly unknown[] = [
  "pro",
  "",
  "5",
  "5.0",
  "true",
  "null",
  "it's",
  'q"\\',
  "é\u{1f600}",
  "\uffee",
  "%",
  "[1]",
  "{}",
  5,
  -5,
  0,
  0.1,
  2.5,
  1e-7,
  -1.5e-10,
  0.000001,
  123456.789,
  9007199254740991,
  true,
  false,
  null,
  [],
  ["pro"],
  {},
  { pro: 1 },
];

const offset = fc.oneof(
  fc.integer({ min: 0, max: SPAN_DAYS }).map((days) => days * DAY_MS),
  fc.integer({ min: 0, max: SPAN_DAYS * 24 }).map((hours) => hours * HOUR_MS),
  fc.integer({ min: 0, max: SPAN_DAYS * DAY_MS }),
  fc.integer({ min: 1, max: SPAN_DAYS }).map((days) => days * DAY_MS - 1),
);
const type = fc.constantFrom(...TYPES);
const key = fc.oneof(
  { weight: 3, arbitrary: fc.constant("plan") },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_KEYS) },
);
const value = fc.constantFrom(...VALUES);
const properties = fc.dictionary(key, value, { maxKeys: 4 });
const text = fc.oneof(
  fc.constantFrom(...VALUES.filter((one) => typeof one !== "object").map(String)),
  fc.constantFrom("5.00", "1E-7", "0.10", "-0", "1e400", "'; drop table events; --", "$1", "\\"),
);
const number = fc.constantFrom(-5, 0, 0.1, 1e-7, 2.5, 5, 5.5, 1e9);

const filter = fc.oneof(
  fc.record({ op: fc.constantFrom("eq", "neq", "eq"), value: text }),
  fc.record({ op: fc.constant("in"), value: fc.array(text, { minLength: 1, maxLength: 4 }) }),
  fc.record({ op: fc.constantFrom("gt", "gte", "lt", "lte"), value: number }),
  fc.record({
    op: fc.constant("contains"),
    value: text.filter((one) => one !== ""),
  }),
  fc.record({ op: fc.constant("exists"), value: fc.boolean() }),
);
const filters = fc.array(
  fc.tuple(key, filter).map(([name, test]) => ({ field: `properties.${name}`, ...test })),
  { maxLength: 2 },
);

const interval = fc.constantFrom("day", "week", "month");
const questions: Record<StatsKind, fc.Arbitrary<object>> = {
  active_users: fc.record({ interval }),
  top_events: fc.record({ limit: fc.integer({ min: 1, max: 9 }) }),
  events: fc.record(
    {
      interval: fc.constantFrom("minute", "hour", "day", "week", "month", "total"),
      event_type: type,
      measure: fc.constantFrom("events", "users"),
      breakdown: fc.oneof(
        fc.constant("event_type"),
        key.map((name) => `properties.${name}`),
      ),
      limit: fc.integer({ min: 1, max: 4 }),
      filters,
    },
    { requiredKeys: ["interval"] },
  ),
  retention: fc.record({ interval, periods: fc.integer({ min: 1, max: 9 }) }),
  funnel: fc.record({
    steps: fc.uniqueArray(fc.record({ event_type: type, filters }), {
      minLength: 2,
      maxLength: 4,
      selector: (step) => JSON.stringify(step),
    }) as fc.Arbitrary<FunnelQuery["steps"]>,
    window: fc.constantFrom("1s", "1h", "2d", "7d", "30d"),
  }),
};

export type RandomCase = {
  readonly events: readonly NaiveEvent[];
  readonly query: StatsQuery;
  /** A midnight: where the hot tier begins, in a case that has one. */
  readonly boundaryMs: number;
  readonly asOfMs: number;
};

/** One case of a kind. Half of the events lie near an end of the range, or at the time of another event. */
export function randomCase(kind: StatsKind): fc.Arbitrary<RandomCase> {
  return fc
    .tuple(START, offset, offset)
    .filter(([, a, b]) => a !== b)
    .chain(([start, a, b]) => {
      const ends = [a, b];
      const near = fc
        .tuple(fc.constantFrom(...ends), fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }))
        .map(([end, distance]) => end + distance);
      const event = fc.record({
        occurredAtMs: fc.oneof(offset, near, fc.constantFrom(...ends, DAY_MS)),
        eventType: type,
        userId: fc.constantFrom(...USERS),
        properties,
      });
      return fc.record({
        events: fc
          .array(event, { maxLength: 40 })
          .map((events) =>
            events.map((one) => ({ ...one, occurredAtMs: start + one.occurredAtMs })),
          ),
        query: questions[kind].map((question) => toQuery(kind, question, [start + a, start + b])),
        boundaryMs: fc.integer({ min: 0, max: SPAN_DAYS + 1 }).map((days) => start + days * DAY_MS),
        asOfMs: offset.map((ms) => start + ms),
      });
    });
}

/** The same case at another time. */
export function shiftCase(one: RandomCase, byMs: number): RandomCase {
  const shift = (text: string) => new Date(Date.parse(text) + byMs).toISOString();
  return {
    events: one.events.map((event) => ({ ...event, occurredAtMs: event.occurredAtMs + byMs })),
    query: statsQuerySchema.parse({
      ...one.query,
      from: shift(one.query.from),
      to: shift(one.query.to),
    }),
    boundaryMs: one.boundaryMs + byMs,
    asOfMs: one.asOfMs + byMs,
  };
}

function toQuery(kind: StatsKind, question: object, ends: readonly number[]): StatsQuery {
  const [from = 0, to = 0] = ends.toSorted((a, b) => a - b);
  const isMinutes = "interval" in question && question.interval === "minute";
  return statsQuerySchema.parse({
    kind,
    ...question,
    from: new Date(from).toISOString(),
    // No more minutes than are answered.
    to: new Date(isMinutes ? Math.min(to, from + DAY_MS) : to).toISOString(),
  });
}
