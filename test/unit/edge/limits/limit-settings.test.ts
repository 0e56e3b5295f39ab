import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../../edge/env.ts";
import { LIMIT_VARS } from "../../../../edge/limits/limit-settings.ts";
import type { ProjectLimits } from "../../../../edge/limits/rate-limit.ts";

const VARS = {
  KEY_SECRET: "a secret of at least 32 characters",
  UPSTASH_REDIS_REST_URL: "https://redis.example",
  UPSTASH_REDIS_REST_TOKEN: "token",
  NATS_URL: "wss://a.example",
  DATABASE_URL: "postgresql://user:password@db.example/sluice",
};
const DEFAULTS: ProjectLimits = {
  events: { perSecond: 50_000, burst: 100_000 },
  requests: { perSecond: 5_000, burst: 10_000 },
  queryUnits: { perSecond: 2_000, burst: 10_000 },
  eventsPerDay: undefined,
  requestsPerDay: undefined,
  concurrentQueries: 16,
};

function limitsOf(vars: Record<string, unknown>, projectId = "shop"): ProjectLimits {
  return parseConfig({ ...VARS, ...vars }).limitsOf(projectId);
}

describe("createLimitsOf()", () => {
  it("gives every project the limits of all", () => {
    expect(limitsOf({})).toEqual(DEFAULTS);
    const vars = {
      RATE_LIMIT_EVENTS_PER_SECOND: "1",
      RATE_LIMIT_BURST_EVENTS: "5000",
      RATE_LIMIT_REQUESTS_PER_SECOND: "2",
      RATE_LIMIT_BURST_REQUESTS: "3",
      RATE_LIMIT_QUERY_UNITS_PER_SECOND: "4",
      RATE_LIMIT_BURST_QUERY_UNITS: "50",
      QUOTA_EVENTS_PER_DAY: "6000",
      QUOTA_REQUESTS_PER_DAY: "7",
      MAX_CONCURRENT_QUERIES: "8",
    };
    expect(limitsOf(vars)).toEqual({
      events: { perSecond: 1, burst: 5_000 },
      requests: { perSecond: 2, burst: 3 },
      queryUnits: { perSecond: 4, burst: 50 },
      eventsPerDay: 6_000,
      requestsPerDay: 7,
      concurrentQueries: 8,
    });
  });

  it("puts a project's own limits over them, and no other's", () => {
    const own = {
      events_per_second: 10,
      burst_events: 20_000,
      requests_per_second: 30,
      burst_requests: 31,
      query_units_per_second: 5,
      burst_query_units: 60,
      events_per_day: 70_000,
      requests_per_day: 80,
      concurrent_queries: 9,
    };
    const vars = { PROJECT_LIMITS: JSON.stringify({ shop: own }) };
    expect(limitsOf(vars)).toEqual({
      events: { perSecond: 10, burst: 20_000 },
      requests: { perSecond: 30, burst: 31 },
      queryUnits: { perSecond: 5, burst: 60 },
      eventsPerDay: 70_000,
      requestsPerDay: 80,
      concurrentQueries: 9,
    });
    expect(limitsOf(vars, "other")).toEqual(DEFAULTS);
    // A project may have the name of what every object has.
    expect(limitsOf(vars, "constructor")).toEqual(DEFAULTS);
  });

  it("takes PROJECT_LIMITS also as the table that wrangler.toml can hold", () => {
    const PROJECT_LIMITS = { shop: { requests_per_day: 5 } };
    expect(limitsOf({ PROJECT_LIMITS }).requestsPerDay).toBe(5);
  });

  it.each([
    ["a rate without a burst has one of two seconds", { requests_per_second: 30 }, 30, 60],
    ["a burst without a rate keeps the rate of all", { burst_requests: 7 }, 5_000, 7],
  ])("%s", (_, own, perSecond, burst) => {
    const { requests } = limitsOf({ PROJECT_LIMITS: { shop: own } });
    expect(requests).toEqual({ perSecond, burst });
  });

  it("a burst that follows from a rate still holds a full request and the dearest question", () => {
    const own = { events_per_second: 1, query_units_per_second: 1 };
    const { events, queryUnits } = limitsOf({ PROJECT_LIMITS: { shop: own } });
    expect(events).toEqual({ perSecond: 1, burst: 5_000 });
    expect(queryUnits).toEqual({ perSecond: 1, burst: 40 });
  });

  it("null frees a project from a quota that the others have", () => {
    const PROJECT_LIMITS = { shop: { events_per_day: null } };
    const vars = { QUOTA_EVENTS_PER_DAY: "9000", QUOTA_REQUESTS_PER_DAY: "9", PROJECT_LIMITS };
    expect(limitsOf(vars)).toMatchObject({ eventsPerDay: undefined, requestsPerDay: 9 });
    expect(limitsOf(vars, "other")).toMatchObject({ eventsPerDay: 9_000 });
  });

  it("names everything that is wrong", () => {
    const PROJECT_LIMITS = JSON.stringify({
      Shop: { requests_per_second: 1 },
      shop: { requests_per_second: "5", burst_events: 4_999, request_per_day: 1 },
      other: 5,
    });
    expect(() => limitsOf({ PROJECT_LIMITS, RATE_LIMIT_BURST_QUERY_UNITS: "39" })).toThrow(
      /^Cannot read configuration: RATE_LIMIT_BURST_QUERY_UNITS: [^;]+>=40; PROJECT_LIMITS\.Shop: is no project id; PROJECT_LIMITS\.shop\.burst_events: [^;]+>=5000; PROJECT_LIMITS\.shop\.requests_per_second: [^;]+; PROJECT_LIMITS\.shop: request_per_day: no such limit, there are events_per_second, [^;]+; PROJECT_LIMITS\.other: must be an object of limits$/,
    );
  });

  it.each([
    ["is not JSON", "{"],
    ["must be an object of limits by project id", "[]"],
    ["must be an object of limits by project id", "5"],
  ])("%s", (problem, PROJECT_LIMITS) => {
    expect(() => limitsOf({ PROJECT_LIMITS })).toThrow(
      `Cannot read configuration: PROJECT_LIMITS: ${problem}`,
    );
  });
});

describe("every limit", () => {
  const read = (path: string) =>
    readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
  it.each(Object.keys(LIMIT_VARS))("%s is documented", (name) => {
    expect(read("docs/operations.md")).toContain(`\`${name}\``);
  });
});
