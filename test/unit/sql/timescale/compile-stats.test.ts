import { describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../../contract/stats-query.ts";
import { compileStats } from "../../../../sql/timescale/compile-stats.ts";
import { createTimescaleDialect } from "../../../../sql/timescale/dialect.ts";

const DAYS = { from: "2024-03-01", to: "2024-03-04" };
const HOURS = { from: "2024-03-01", to: "2024-03-02T07:00:00Z" };
const OFFSET_HOURS = { from: "2024-03-01T00:00:00+01:00", to: "2024-03-02T00:00:00+01:00" };
const HALF_HOURS = { from: "2024-03-01T00:00:00+05:30", to: "2024-03-02" };
const ODD = { from: "2024-03-01", to: "2024-03-02T00:00:00.001Z" };

const compile = (value: object) =>
  compileStats(statsQuerySchema.parse(value), "demo", createTimescaleDialect());

describe("compileStats() reads the cheapest source that is exact", () => {
  it.each<[string, object]>([
    ["user_days", { kind: "active_users", interval: "day", ...DAYS }],
    ["user_days", { kind: "active_users", interval: "month", ...DAYS }],
    ["events", { kind: "active_users", interval: "month", ...HOURS }],
    ["user_days", { kind: "top_events", ...DAYS }],
    ["events", { kind: "top_events", ...OFFSET_HOURS }],
    ["events", { kind: "events", interval: "minute", ...HOURS }],
    ["events_hourly", { kind: "events", interval: "hour", ...HOURS }],
    ["events_hourly", { kind: "events", interval: "week", ...OFFSET_HOURS }],
    ["events_hourly", { kind: "events", interval: "total", ...HOURS, breakdown: "event_type" }],
    ["events", { kind: "events", interval: "day", ...HALF_HOURS }],
    ["events", { kind: "events", interval: "total", ...ODD }],
    ["user_days", { kind: "events", interval: "week", ...DAYS, measure: "users" }],
    ["user_days", { kind: "events", interval: "total", ...DAYS, measure: "users" }],
    ["events", { kind: "events", interval: "hour", ...DAYS, measure: "users" }],
    ["events", { kind: "events", interval: "day", ...HOURS, measure: "users" }],
    ["user_days", { kind: "retention", interval: "week", ...ODD }],
  ])("%s for %o", (source, query) => {
    const { sources, text } = compile(query);
    expect(sources).toEqual([source]);
    expect(text).toMatch(new RegExp(`from ${source}\\s`));
  });
});

describe("compileStats()", () => {
  it("puts no value into the text", () => {
    const value = { kind: "events", interval: "hour", ...HOURS };
    const text = (event_type: string, projectId: string) =>
      compileStats(
        statsQuerySchema.parse({ ...value, event_type }),
        projectId,
        createTimescaleDialect(),
      ).text;
    expect(text("'; drop table events; --", "a")).toBe(text("b", "c"));
  });

  it.each([
    { kind: "active_users", interval: "week", ...DAYS },
    { kind: "top_events", ...DAYS },
    { kind: "events", interval: "day", ...DAYS, event_type: "a", breakdown: "event_type" },
    { kind: "retention", interval: "week", ...DAYS },
  ])("uses every parameter of %o, the project first", (query) => {
    const { text, params } = compile(query);
    const used = new Set(text.match(/\$\d+/g));
    expect(used).toEqual(new Set(params.map((_, index) => `$${index + 1}`)));
    expect(params[0]).toBe("demo");
    expect(text).toContain("project_id = $1::text");
  });

  it("follows the cohorts of retention to the end of their last period", () => {
    const query = { kind: "retention", interval: "week", from: "2024-03-06", to: "2024-03-12" };
    expect(compile({ ...query, periods: 2 }).params).toEqual([
      "demo",
      "2024-03-04T00:00:00Z",
      "2024-03-18T00:00:00Z",
      "2024-04-01T00:00:00Z",
      2,
    ]);
  });
});
