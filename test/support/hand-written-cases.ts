import { type StatsQuery, statsQuerySchema } from "../../contract/stats-query.ts";
import { parseTimestamp } from "../../contract/timestamp.ts";
import type { NaiveEvent } from "./naive-stats.ts";

export type HandWrittenCase = {
  readonly name: string;
  readonly events: readonly NaiveEvent[];
  readonly query: StatsQuery;
  readonly expected: unknown;
};

/** What chance finds seldom, and what a reader wants to see written down. */
export function handWrittenCases(): HandWrittenCase[] {
  const march = { from: "2024-03-01", to: "2024-03-03" };
  const total = { kind: "events", interval: "total", ...march };
  const bucket = "2024-03-01T00:00:00Z";
  const value = (count: number) => [{ bucket, value: count }];
  const filtered = (field: string, op: string, value?: unknown) => ({
    ...total,
    filters: [{ field: `properties.${field}`, op, ...(value === undefined ? {} : { value }) }],
  });
  const plans = [
    event("2024-03-01T10:00:00Z", "u1", { plan: "pro", seats: 5 }),
    event("2024-03-01T11:00:00Z", "u2", { plan: "free", seats: "5" }),
    event("2024-03-02T10:00:00Z", "u1", { plan: "pro", seats: 10.5 }),
    event("2024-03-02T11:00:00Z", "u3", { plan: null, seats: true }),
    event("2024-03-02T12:00:00Z", "u3", { plan: ["pro"] }),
  ];
  const cases: [string, readonly NaiveEvent[], object, unknown][] = [
    [
      "a bucket belongs to UTC, whatever offset an event was sent with",
      [event("2024-03-02T00:30:00+01:00", "u1"), event("2024-03-01T23:59:59.999-00:30", "u2")],
      { kind: "active_users", interval: "day", ...march },
      [
        { bucket, users: 1 },
        { bucket: "2024-03-02T00:00:00Z", users: 1 },
      ],
    ],
    [
      "weeks start on Monday, also across the end of a year",
      [event("2023-12-31T23:59:59Z", "u1"), event("2024-01-01T00:00:00Z", "u2")],
      { kind: "active_users", interval: "week", from: "2023-12-25", to: "2024-01-08" },
      [
        { bucket: "2023-12-25T00:00:00Z", users: 1 },
        { bucket: "2024-01-01T00:00:00Z", users: 1 },
      ],
    ],
    [
      "eq of a text that reads as a number is that number too",
      plans,
      filtered("seats", "eq", "5"),
      value(2),
    ],
    [
      "eq of another spelling of the number is the number alone",
      plans,
      filtered("seats", "eq", "5.0"),
      value(1),
    ],
    ["eq of true is the boolean", plans, filtered("seats", "eq", "true"), value(1)],
    ["neq counts events without the property", plans, filtered("plan", "neq", "pro"), value(3)],
    ["in", plans, filtered("plan", "in", ["pro", "free"]), value(3)],
    ["numbers compare as numbers, texts never", plans, filtered("seats", "gte", 5), value(2)],
    ["10.5 is greater than 5.5", plans, filtered("seats", "gt", 5.5), value(1)],
    ["contains looks into strings only", plans, filtered("plan", "contains", "r"), value(3)],
    ["null does not exist", plans, filtered("plan", "exists"), value(4)],
    ["exists:false", plans, filtered("plan", "exists", false), value(1)],
    [
      "a breakdown has a group for what has no text, and the rest as other",
      plans,
      { ...total, breakdown: "properties.plan", limit: 1 },
      [
        { bucket, group: "pro", value: 2 },
        { bucket, group: "other", other: true, value: 3 },
      ],
    ],
    [
      "users of the rest are counted once",
      plans,
      { ...total, breakdown: "properties.seats", measure: "users", limit: 1 },
      [
        { bucket, group: "5", value: 2 },
        { bucket, group: "other", other: true, value: 2 },
      ],
    ],
    [
      "a group that is called other is not the rest",
      [
        event("2024-03-01T10:00:00Z", "u1", { p: "other" }),
        event("2024-03-01T10:00:00Z", "u1", {}),
      ],
      { ...total, breakdown: "properties.p" },
      [
        { bucket, group: "other", value: 1 },
        { bucket, group: null, value: 1 },
      ],
    ],
    [
      "users and types with quotes, Unicode and SQL in them",
      [
        event("2024-03-01T10:00:00Z", "o'neil\"\\", {}, "'; drop table events; --"),
        event("2024-03-01T10:00:00Z", "\u{1f600}", {}, "'; drop table events; --"),
        event("2024-03-01T10:00:00Z", " ", {}, "\u202e"),
      ],
      { kind: "top_events", ...march },
      [
        { event_type: "'; drop table events; --", events: 2, users: 2 },
        { event_type: "\u202e", events: 1, users: 1 },
      ],
    ],
    [
      "a funnel's steps may be at one time, and must be inside the window",
      [
        event("2024-03-01T10:00:00Z", "u1", {}, "view"),
        event("2024-03-01T10:00:00Z", "u1", {}, "buy"),
        event("2024-03-01T10:00:00Z", "u2", {}, "view"),
        event("2024-03-01T11:00:00.001Z", "u2", {}, "buy"),
        event("2024-03-01T09:00:00Z", "u3", {}, "buy"),
        event("2024-03-01T10:00:00Z", "u3", {}, "view"),
      ],
      { kind: "funnel", steps: ["view", "buy"], window: "1h", ...march },
      [
        { step: 1, event_type: "view", users: 3, conversion: 1 },
        { step: 2, event_type: "buy", users: 1, conversion: 1 / 3 },
      ],
    ],
    [
      "a later first step counts when the earlier one is too long ago",
      [
        event("2024-03-01T01:00:00Z", "u1", {}, "view"),
        event("2024-03-01T10:00:00Z", "u1", {}, "view"),
        event("2024-03-01T10:30:00Z", "u1", {}, "buy"),
      ],
      { kind: "funnel", steps: ["view", "buy"], window: "1h", ...march },
      [
        { step: 1, event_type: "view", users: 1, conversion: 1 },
        { step: 2, event_type: "buy", users: 1, conversion: 1 },
      ],
    ],
    [
      "a cohort is those whose first event ever is in it",
      [
        event("2024-02-01T10:00:00Z", "old"),
        event("2024-03-01T10:00:00Z", "old"),
        event("2024-03-01T10:00:00Z", "new"),
        event("2024-03-02T10:00:00Z", "new"),
      ],
      { kind: "retention", interval: "day", from: "2024-03-01", to: "2024-03-02", periods: 1 },
      [{ cohort: bucket, size: 1, retained: [1, 1] }],
    ],
  ];
  return cases.map(([name, events, query, expected]) => ({
    name,
    events,
    query: statsQuerySchema.parse(query),
    expected,
  }));
}

function event(
  at: string,
  userId: string,
  properties: Record<string, unknown> = {},
  eventType = "a",
): NaiveEvent {
  const time = parseTimestamp(at);
  if (time === undefined) throw new TypeError(`Cannot read time: ${at}`);
  return { occurredAtMs: time.epochMs, eventType, userId, properties };
}
