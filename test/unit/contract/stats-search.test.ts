import { describe, expect, it } from "vitest";
import { type QueryFault, StatsQueryError } from "../../../contract/query-parts.ts";
import { type StatsKind, statsQuerySchema } from "../../../contract/stats-query.ts";
import { parseStatsJson, parseStatsSearch } from "../../../contract/stats-search.ts";

const parse = (kind: StatsKind, search: string) =>
  parseStatsSearch(kind, new URLSearchParams(search));

function faultsOf(kind: StatsKind, search: string): readonly QueryFault[] {
  try {
    parse(kind, search);
  } catch (error) {
    if (error instanceof StatsQueryError) return error.faults;
    throw error;
  }
  throw new Error(`Cannot find faults: "${search}" is valid`);
}

const MARCH = "from=2024-03-01&to=2024-04-01";
const march = { from: "2024-03-01T00:00:00Z", to: "2024-04-01T00:00:00Z" };

describe("parseStatsSearch()", () => {
  it.each<[StatsKind, string, object]>([
    ["active_users", `interval=week&${MARCH}`, { interval: "week", ...march }],
    ["top_events", MARCH, { ...march, limit: 10 }],
    ["top_events", `${MARCH}&limit=1000`, { ...march, limit: 1000 }],
    [
      "events",
      `interval=total&${MARCH}`,
      { interval: "total", ...march, measure: "events", limit: 10, filters: [] },
    ],
    [
      "events",
      `interval=hour&${MARCH}&event_type=a%20b&measure=users&breakdown=event_type`,
      {
        interval: "hour",
        ...march,
        event_type: "a b",
        measure: "users",
        breakdown: "event_type",
        limit: 10,
        filters: [],
      },
    ],
    [
      "events",
      `interval=day&${MARCH}&breakdown=properties.plan&limit=3&filter=properties.n:gt:5&filter=properties.p:in:a,b`,
      {
        interval: "day",
        ...march,
        measure: "events",
        breakdown: "properties.plan",
        limit: 3,
        filters: [
          { field: "properties.n", op: "gt", value: 5 },
          { field: "properties.p", op: "in", value: ["a", "b"] },
        ],
      },
    ],
    [
      "funnel",
      `${MARCH}&steps=view,buy\\,now&step_filter=2:properties.plan:eq:pro&window=36h`,
      {
        ...march,
        window: "36h",
        steps: [
          { event_type: "view", filters: [] },
          {
            event_type: "buy,now",
            filters: [{ field: "properties.plan", op: "eq", value: "pro" }],
          },
        ],
      },
    ],
    ["retention", `interval=month&${MARCH}`, { interval: "month", ...march, periods: 8 }],
    ["retention", `interval=day&${MARCH}&periods=1`, { interval: "day", ...march, periods: 1 }],
    [
      "top_events",
      "from=2024-03-01T00:30:00%2B01:00&to=2024-03-01T09:30:00.250Z",
      { from: "2024-02-29T23:30:00Z", to: "2024-03-01T09:30:00.250Z", limit: 10 },
    ],
  ])("reads %s of %s", (kind, search, query) => {
    expect(parse(kind, search)).toEqual({ kind, ...query });
  });

  it("normalises to what it reads as the same", () => {
    const query = parse("events", `interval=hour&${MARCH}`);
    expect(statsQuerySchema.parse(query)).toEqual(query);
  });

  const noInstant =
    "is neither a date such as 2024-03-01 nor an RFC 3339 date-time with offset such as 2024-03-01T09:30:00Z";

  it.each<[string, StatsKind, string, QueryFault]>([
    [
      "an unknown parameter",
      "active_users",
      `interval=day&${MARCH}&limit=3`,
      { pointer: "/limit", detail: 'Unknown parameter "limit": known are interval, from, to' },
    ],
    [
      "the kind, which the path says",
      "top_events",
      `${MARCH}&kind=events`,
      { pointer: "/kind", detail: 'Unknown parameter "kind": known are from, to, limit' },
    ],
    [
      "a parameter named like a member of every object",
      "top_events",
      `${MARCH}&__proto__=1`,
      { pointer: "/__proto__", detail: 'Unknown parameter "__proto__": known are from, to, limit' },
    ],
    [
      "a name that JSON Pointer escapes",
      "top_events",
      `${MARCH}&a~/b=1`,
      { pointer: "/a~0~1b", detail: 'Unknown parameter "a~/b": known are from, to, limit' },
    ],
    [
      "a repeated parameter",
      "top_events",
      `${MARCH}&limit=1&limit=2`,
      { pointer: "/limit", detail: "limit is given more than once" },
    ],
    [
      "a required parameter that is repeated",
      "top_events",
      `${MARCH}&to=2024-05-01`,
      { pointer: "/to", detail: "to is given more than once" },
    ],
    [
      "a missing interval",
      "active_users",
      MARCH,
      { pointer: "/interval", detail: "interval is missing" },
    ],
    [
      "a missing end",
      "top_events",
      "to=2024-01-01",
      { pointer: "/from", detail: "from is missing" },
    ],
    [
      "an interval of another kind of question",
      "active_users",
      `interval=hour&${MARCH}`,
      { pointer: "/interval", detail: "interval must be day, week or month" },
    ],
    [
      "an unknown measure",
      "events",
      `interval=day&${MARCH}&measure=sum`,
      { pointer: "/measure", detail: "measure must be events or users" },
    ],
    [
      "an unknown breakdown",
      "events",
      `interval=day&${MARCH}&breakdown=user_id`,
      { pointer: "/breakdown", detail: "breakdown must be event_type, or properties. and a key" },
    ],
    [
      "a filter of another form",
      "events",
      `interval=day&${MARCH}&filter=plan=pro`,
      { pointer: "/filter/0", detail: 'filter "plan=pro" is not properties.<key>:<op>:<value>' },
    ],
    [
      "filters where there are none",
      "top_events",
      `${MARCH}&filter=properties.plan:eq:pro`,
      { pointer: "/filter", detail: 'Unknown parameter "filter": known are from, to, limit' },
    ],
    [
      "more values than are answered",
      "events",
      "interval=minute&from=2024-03-01&to=2024-03-04&breakdown=event_type&limit=100",
      {
        pointer: "/limit",
        detail:
          "limit 100 groups and the rest, in 4320 buckets, make 436320 values, at most 50000 are answered",
      },
    ],
    [
      "a single step",
      "funnel",
      `${MARCH}&steps=view`,
      { pointer: "/steps", detail: "steps must be at least 2" },
    ],
    ["no steps", "funnel", MARCH, { pointer: "/steps", detail: "steps is missing" }],
    [
      "a step twice in a row",
      "funnel",
      `${MARCH}&steps=view,view`,
      {
        pointer: "/steps/1",
        detail: "steps.1 repeats step 1: one event would be counted for both",
      },
    ],
    [
      "an empty step",
      "funnel",
      `${MARCH}&steps=view,`,
      { pointer: "/steps/1/event_type", detail: "steps.1.event_type is empty" },
    ],
    [
      "a filter of a step that is not there",
      "funnel",
      `${MARCH}&steps=view,buy&step_filter=3:properties.plan:eq:pro`,
      {
        pointer: "/step_filter/0",
        detail:
          'step_filter "3:properties.plan:eq:pro" is not <step>:properties.<key>:<op>:<value> with a step from 1 to 2',
      },
    ],
    [
      "a window of no form",
      "funnel",
      `${MARCH}&steps=view,buy&window=week`,
      {
        pointer: "/window",
        detail: "window must be a whole number and s, m, h, d or w, such as 30m or 7d",
      },
    ],
    [
      "an empty event type",
      "events",
      `interval=day&${MARCH}&event_type=`,
      { pointer: "/event_type", detail: "event_type is empty" },
    ],
    [
      "a long event type",
      "events",
      `interval=day&${MARCH}&event_type=${"x".repeat(201)}`,
      { pointer: "/event_type", detail: "event_type is longer than 200 characters" },
    ],
    [
      "an event type that no store holds",
      "events",
      `interval=day&${MARCH}&event_type=a%00`,
      { pointer: "/event_type", detail: "event_type holds a NUL or a lone surrogate" },
    ],
    ...["0", "1001", "-1", "1.5", "1e2", "0x10", "", " 5", "9".repeat(20)].map(
      (limit): [string, StatsKind, string, QueryFault] => [
        `the limit "${limit}"`,
        "top_events",
        `${MARCH}&limit=${encodeURIComponent(limit)}`,
        { pointer: "/limit", detail: "limit must be a whole number from 1 to 1000" },
      ],
    ),
    [
      "too many periods",
      "retention",
      `interval=day&${MARCH}&periods=367`,
      { pointer: "/periods", detail: "periods must be a whole number from 1 to 366" },
    ],
    ...["", "yesterday", "2024-02-30", "2024-3-1", "2024-03-01T10:00:00", "1709251200"].map(
      (from): [string, StatsKind, string, QueryFault] => [
        `the time "${from}"`,
        "top_events",
        `from=${from}&to=2024-04-01`,
        { pointer: "/from", detail: `from ${noInstant}` },
      ],
    ),
    [
      "a + that the URL made a space",
      "top_events",
      "from=2024-03-01T10:00:00+01:00&to=2024-04-01",
      { pointer: "/from", detail: `from ${noInstant} (in a URL, write + as %2B)` },
    ],
    [
      "microseconds",
      "top_events",
      "from=2024-03-01T10:00:00.000001Z&to=2024-04-01",
      { pointer: "/from", detail: "from is finer than a millisecond" },
    ],
    [
      "a time before PostgreSQL's first year",
      "top_events",
      "from=0000-12-31&to=2024-04-01",
      { pointer: "/from", detail: "from lies outside the years 1 to 2999" },
    ],
    [
      "a far future",
      "top_events",
      "from=2024-04-01&to=3000-01-01",
      { pointer: "/to", detail: "to lies outside the years 1 to 2999" },
    ],
    [
      "an empty range",
      "top_events",
      "from=2024-04-01&to=2024-04-01",
      { pointer: "/to", detail: "to must be later than from" },
    ],
    [
      "a range that runs backwards",
      "events",
      "interval=total&from=2024-04-01&to=2024-03-01",
      { pointer: "/to", detail: "to must be later than from" },
    ],
    [
      "one bucket too many",
      "events",
      "interval=minute&from=2024-03-01&to=2024-03-07T22:40:00.001Z",
      {
        pointer: "/interval",
        detail: "interval minute cuts the range into 10001 buckets, at most 10000 are answered",
      },
    ],
    [
      "too large a retention",
      "retention",
      "interval=day&from=2024-01-01&to=2025-01-01&periods=100",
      {
        pointer: "/periods",
        detail: "periods 100 of 366 cohorts make 36966 numbers, at most 10000 are answered",
      },
    ],
  ])("refuses %s", (_, kind, search, fault) => {
    expect(faultsOf(kind, search)).toEqual([fault]);
  });

  it("allows exactly the most buckets", () => {
    const search = "interval=minute&from=2024-03-01&to=2024-03-07T22:40:00Z";
    expect(parse("events", search)).toMatchObject({ interval: "minute" });
  });

  it("lists everything that is wrong", () => {
    const faults = faultsOf("retention", "interval=year&periods=x&from=2024-03-01&foo=1&from=2");
    expect(faults.map((fault) => fault.pointer)).toEqual([
      "/from",
      "/foo",
      "/interval",
      "/to",
      "/periods",
    ]);
  });
});

describe("parseStatsJson()", () => {
  const faults = (value: unknown) => {
    try {
      parseStatsJson(value);
    } catch (error) {
      if (error instanceof StatsQueryError) return error.faults;
      throw error;
    }
    throw new Error("Cannot find faults: the query is valid");
  };

  it("reads what the routes read, and steps by their types alone", () => {
    const query = { kind: "funnel", steps: ["view", { event_type: "buy" }], ...march };
    expect(parseStatsJson(query)).toEqual(parse("funnel", `${MARCH}&steps=view,buy`));
  });

  it.each<[string, unknown, QueryFault]>([
    ["no object", [], { pointer: "", detail: "The query is not a JSON object" }],
    [
      "no kind",
      { ...march },
      {
        pointer: "/kind",
        detail: "kind must be active_users, top_events, events, retention or funnel",
      },
    ],
    [
      "an unknown kind",
      { kind: "guess", ...march },
      {
        pointer: "/kind",
        detail: "kind must be active_users, top_events, events, retention or funnel",
      },
    ],
    [
      "an unknown member",
      { kind: "top_events", ...march, filters: [] },
      { pointer: "/filters", detail: 'Unknown member "filters"' },
    ],
  ])("refuses %s", (_, value, fault) => {
    expect(faults(value)).toContainEqual(fault);
  });
});
