import { describe, expect, it } from "vitest";
import { eventPageQuerySchema } from "../../../../contract/event-page.ts";
import { statsQuerySchema } from "../../../../contract/stats-query.ts";
import { clickHouseDialect, toDateTime } from "../../../../sql/clickhouse/dialect.ts";
import { compilePageFloor } from "../../../../sql/clickhouse/page-floor.ts";
import { compileRows } from "../../../../sql/stats/compile-rows.ts";

describe("toDateTime()", () => {
  it.each([
    ["2024-03-01T10:00:00Z", "2024-03-01 10:00:00"],
    ["2024-03-01T10:00:00.123456Z", "2024-03-01 10:00:00.123456"],
    ["0001-01-01T00:00:00Z", "1900-01-01 00:00:00"],
    ["9999-12-31T23:59:59.999Z", "2299-12-31 23:59:59"],
    ["+010000-01-01T00:00:00.000Z", "2299-12-31 23:59:59"],
    ["-000001-01-01T00:00:00.000Z", "1900-01-01 00:00:00"],
  ])("reads %s as %s", (instant, expected) => {
    expect(toDateTime(instant)).toBe(expected);
  });
});

describe("clickHouseDialect", () => {
  const hostile = "'; drop table events; --";

  it("keeps every value out of the text", () => {
    const query = statsQuerySchema.parse({
      kind: "events",
      interval: "day",
      from: "2024-03-01",
      to: "2024-03-02",
      event_type: hostile,
      breakdown: `properties.${hostile}`,
      filters: [{ field: `properties.${hostile}`, op: "contains", value: hostile }],
    });
    const { text, params } = compileRows(query, hostile, clickHouseDialect);
    expect(text).not.toContain("drop table");
    expect(params.filter((value) => value === hostile)).toHaveLength(2);
    for (const [index] of params.entries()) expect(text).toContain(`{p${index + 1}:`);
  });

  it("reads raw events with final", () => {
    const query = statsQuerySchema.parse({
      kind: "funnel",
      steps: ["a", "b"],
      from: "2024-03-01",
      to: "2024-03-02",
    });
    const { text, sources } = compileRows(query, "p", clickHouseDialect);
    expect(text).toContain("from events final");
    expect(sources).toEqual(["events"]);
  });
});

describe("compilePageFloor()", () => {
  it("looks for as many rows as it is told, without final", () => {
    const query = eventPageQuerySchema.parse({ user_id: "u1" });
    const { text, params } = compilePageFloor(query, "p", 202);
    expect(text).not.toContain("final");
    expect(params).toEqual(["p", "u1", 202]);
  });
});
