import { describe, expect, it } from "vitest";
import {
  exportCost,
  MAX_QUERY_COST,
  pageCost,
  queryCost,
  RECEIPT_COST,
} from "../../../contract/query-cost.ts";
import { parseStatsJson } from "../../../contract/stats-search.ts";

const MONTH = { from: "2024-03-01", to: "2024-04-01" };
const FILTER = { field: "properties.plan", op: "eq", value: "pro" };

function costOf(query: object): number {
  return queryCost(parseStatsJson({ ...MONTH, ...query }));
}

describe("queryCost()", () => {
  const events = { kind: "events", interval: "day" };
  it.each<[string, object, number]>([
    ["active users", { kind: "active_users", interval: "day" }, 2],
    ["top events", { kind: "top_events" }, 2],
    ["retention", { kind: "retention", interval: "week" }, 4],
    ["a funnel", { kind: "funnel", steps: ["a", "b"] }, 4],
    [
      "a funnel with a filter",
      { kind: "funnel", steps: ["a", { event_type: "b", filters: [FILTER] }] },
      6,
    ],
    ["events by day", events, 1],
    ["events by minute", { ...events, interval: "minute", to: "2024-03-02" }, 2],
    ["users", { ...events, measure: "users" }, 3],
    ["events by type", { ...events, breakdown: "event_type" }, 2],
    ["events by a property", { ...events, breakdown: "properties.plan" }, 3],
    ["events with filters", { ...events, filters: [FILTER, FILTER] }, 3],
  ])("%s", (_, query, cost) => {
    expect(costOf(query)).toBe(cost);
  });

  it.each([
    ["2024-04-01", 1],
    ["2024-04-02", 2],
    ["2024-06-01", 2],
    ["2024-06-02", 3],
    ["2025-03-02", 3],
    ["2025-03-03", 4],
    ["2999-01-01", 4],
  ])("a range from 2024-03-01 to %s times %i", (to, factor) => {
    expect(costOf({ kind: "top_events", to })).toBe(2 * factor);
  });
});

describe("MAX_QUERY_COST", () => {
  const forEver = { from: "0001-01-01T00:00:00Z", to: "2999-01-01T00:00:00Z" };
  it("is what nothing exceeds", () => {
    const dearest = {
      kind: "events",
      interval: "total",
      measure: "users",
      breakdown: "properties.plan",
      filters: [FILTER],
    };
    const funnel = { kind: "funnel", steps: ["a", { event_type: "b", filters: [FILTER] }] };
    const costs = [costOf({ ...dearest, ...forEver }), costOf({ ...funnel, ...forEver })];
    const others = [exportCost(forEver), pageCost({ filters: [] }), RECEIPT_COST];
    expect(Math.max(...costs, ...others)).toBe(MAX_QUERY_COST);
  });

  it("of exports and pages", () => {
    const { from, to } = { from: "2024-03-01T00:00:00Z", to: "2024-04-01T00:00:00Z" };
    expect([exportCost({ from, to }), exportCost(forEver)]).toEqual([10, 40]);
    const filters = [{ field: "properties.plan", op: "eq" as const, value: "pro" }];
    expect([pageCost({ filters: [] }), pageCost({ filters })]).toEqual([2, 4]);
  });
});
