import { describe, expect, it } from "vitest";
import { endOfAnswerMs, STATS_DATA_SCHEMAS, toStatsData } from "../../../contract/stats-answer.ts";
import { type StatsQuery, statsQuerySchema } from "../../../contract/stats-query.ts";

const NOW_MS = Date.parse("2024-03-10T12:00:00Z");
const query = (value: object): StatsQuery => statsQuerySchema.parse(value);

describe("toStatsData()", () => {
  it("fills days without active users, whatever the order and the offset of the rows", () => {
    const rows = [
      { bucket: "2024-03-03T05:30:00+05:30", users: 3 },
      { bucket: "2024-03-01T00:00:00+00:00", users: 1 },
    ];
    const asked = query({
      kind: "active_users",
      interval: "day",
      from: "2024-03-01",
      to: "2024-03-04",
    });
    const data = toStatsData(asked, rows, NOW_MS);
    expect(data).toEqual([
      { bucket: "2024-03-01T00:00:00Z", users: 1 },
      { bucket: "2024-03-02T00:00:00Z", users: 0 },
      { bucket: "2024-03-03T00:00:00Z", users: 3 },
    ]);
    expect(data.map((datum) => STATS_DATA_SCHEMAS.active_users.parse(datum))).toEqual(data);
  });

  it("names the bucket of a total by the start of the range", () => {
    const asked = query({
      kind: "events",
      interval: "total",
      from: "2024-03-01T10:00:00.5Z",
      to: "2024-03-04",
    });
    expect(toStatsData(asked, [], NOW_MS)).toEqual([
      { bucket: "2024-03-01T10:00:00.500Z", value: 0 },
    ]);
  });

  const breakdown = { kind: "events", breakdown: "event_type", interval: "day" };

  it("puts every group into every bucket, the largest sum first, then by name", () => {
    const rows = [
      { bucket: "2024-03-01T00:00:00Z", group: "b", place: 3, value: 2 },
      { bucket: "2024-03-01T00:00:00Z", group: "a", place: 2, value: 2 },
      { bucket: "2024-03-02T00:00:00Z", group: "c", place: 1, value: 5 },
    ];
    const asked = query({ ...breakdown, from: "2024-03-01", to: "2024-03-03" });
    expect(toStatsData(asked, rows, NOW_MS)).toEqual([
      { bucket: "2024-03-01T00:00:00Z", group: "c", value: 0 },
      { bucket: "2024-03-01T00:00:00Z", group: "a", value: 2 },
      { bucket: "2024-03-01T00:00:00Z", group: "b", value: 2 },
      { bucket: "2024-03-02T00:00:00Z", group: "c", value: 5 },
      { bucket: "2024-03-02T00:00:00Z", group: "a", value: 0 },
      { bucket: "2024-03-02T00:00:00Z", group: "b", value: 0 },
    ]);
    expect(toStatsData(asked, [], NOW_MS)).toEqual([]);
  });

  it("tells a period without users from one that has not begun", () => {
    const asked = query({
      kind: "retention",
      interval: "week",
      from: "2024-02-28",
      to: "2024-03-13",
      periods: 2,
    });
    const rows = [
      { cohort: "2024-02-26T00:00:00Z", period: 0, users: 4 },
      { cohort: "2024-02-26T00:00:00Z", period: 2, users: 1 },
    ];
    expect(toStatsData(asked, rows, NOW_MS)).toEqual([
      { cohort: "2024-02-26T00:00:00Z", size: 4, retained: [4, 0, 1] },
      { cohort: "2024-03-04T00:00:00Z", size: 0, retained: [0, null, null] },
      { cohort: "2024-03-11T00:00:00Z", size: 0, retained: [null, null, null] },
    ]);
  });
});

describe("endOfAnswerMs()", () => {
  it("is the end of the range, and of the last period that retention follows", () => {
    const range = { from: "2024-01-01", to: "2024-02-15" };
    expect(endOfAnswerMs(query({ kind: "top_events", ...range }))).toBe(Date.parse("2024-02-15"));
    const retention = query({ kind: "retention", interval: "month", ...range, periods: 2 });
    expect(endOfAnswerMs(retention)).toBe(Date.parse("2024-05-01"));
  });
});
