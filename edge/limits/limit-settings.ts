import { z } from "zod";
import { MAX_EVENTS_PER_REQUEST } from "../../contract/limits.ts";
import { PROJECT_ID_PATTERN } from "../../contract/project.ts";
import { MAX_QUERY_COST } from "../../contract/query-cost.ts";
import type { LimitsOf, ProjectLimits, Rate } from "./rate-limit.ts";

const number = (minimum: number) => z.coerce.number().int().min(minimum);
const exact = (minimum: number) => z.int().min(minimum).optional();

/** A burst or quota that a full request or the dearest question does not fit could never accept it. */
const LIMITS = {
  events_per_second: exact(1),
  burst_events: exact(MAX_EVENTS_PER_REQUEST),
  requests_per_second: exact(1),
  burst_requests: exact(1),
  query_units_per_second: exact(1),
  burst_query_units: exact(MAX_QUERY_COST),
  // Null: none, whatever the others have.
  events_per_day: exact(MAX_EVENTS_PER_REQUEST).nullable(),
  requests_per_day: exact(1).nullable(),
  concurrent_queries: exact(1),
};
const projectLimits = z.strictObject(LIMITS, {
  error: (issue) =>
    issue.code === "unrecognized_keys"
      ? `${issue.keys.join(", ")}: no such limit, there are ${Object.keys(LIMITS).join(", ")}`
      : "must be an object of limits",
});
type OwnLimits = z.infer<typeof projectLimits>;

const limitsByProject = z.record(z.string().regex(PROJECT_ID_PATTERN), projectLimits, {
  error: ({ code }) =>
    code === "invalid_key" ? "is no project id" : "must be an object of limits by project id",
});

/** The settings of limits; docs/operations.md tells of them. */
export const LIMIT_VARS = {
  RATE_LIMIT_EVENTS_PER_SECOND: number(1).default(50_000),
  RATE_LIMIT_BURST_EVENTS: number(MAX_EVENTS_PER_REQUEST).default(100_000),
  RATE_LIMIT_REQUESTS_PER_SECOND: number(1).default(5_000),
  RATE_LIMIT_BURST_REQUESTS: number(1).default(10_000),
  RATE_LIMIT_QUERY_UNITS_PER_SECOND: number(1).default(2_000),
  RATE_LIMIT_BURST_QUERY_UNITS: number(MAX_QUERY_COST).default(10_000),
  QUOTA_EVENTS_PER_DAY: number(MAX_EVENTS_PER_REQUEST).optional(),
  QUOTA_REQUESTS_PER_DAY: number(1).optional(),
  MAX_CONCURRENT_QUERIES: number(1).default(16),
  PROJECT_LIMITS: z.preprocess(parseJson, limitsByProject).default({}),
};
const varsSchema = z.object(LIMIT_VARS);

/** What each project may do: its own limits in `PROJECT_LIMITS` over those of all. */
export function createLimitsOf(values: z.infer<typeof varsSchema>): LimitsOf {
  const defaults: ProjectLimits = {
    events: rate(values.RATE_LIMIT_EVENTS_PER_SECOND, values.RATE_LIMIT_BURST_EVENTS),
    requests: rate(values.RATE_LIMIT_REQUESTS_PER_SECOND, values.RATE_LIMIT_BURST_REQUESTS),
    queryUnits: rate(values.RATE_LIMIT_QUERY_UNITS_PER_SECOND, values.RATE_LIMIT_BURST_QUERY_UNITS),
    eventsPerDay: values.QUOTA_EVENTS_PER_DAY,
    requestsPerDay: values.QUOTA_REQUESTS_PER_DAY,
    concurrentQueries: values.MAX_CONCURRENT_QUERIES,
  };
  const own = Object.entries(values.PROJECT_LIMITS).map(
    ([projectId, limits]) => [projectId, override(defaults, limits)] as const,
  );
  const byProject = new Map(own);
  return (projectId) => byProject.get(projectId) ?? defaults;
}

function override(defaults: ProjectLimits, own: OwnLimits): ProjectLimits {
  const { events_per_day = defaults.eventsPerDay, requests_per_day = defaults.requestsPerDay } =
    own;
  return {
    events: overrideRate(
      defaults.events,
      own.events_per_second,
      own.burst_events,
      MAX_EVENTS_PER_REQUEST,
    ),
    requests: overrideRate(defaults.requests, own.requests_per_second, own.burst_requests, 1),
    queryUnits: overrideRate(
      defaults.queryUnits,
      own.query_units_per_second,
      own.burst_query_units,
      MAX_QUERY_COST,
    ),
    eventsPerDay: events_per_day ?? undefined,
    requestsPerDay: requests_per_day ?? undefined,
    concurrentQueries: own.concurrent_queries ?? defaults.concurrentQueries,
  };
}

/** A rate of its own without a burst has one of two seconds: the burst of others may be minutes of it. */
function overrideRate(
  defaults: Rate,
  perSecond: number | undefined,
  burst: number | undefined,
  minBurst: number,
): Rate {
  const derived = perSecond === undefined ? defaults.burst : Math.max(minBurst, 2 * perSecond);
  return rate(perSecond ?? defaults.perSecond, burst ?? derived);
}

function rate(perSecond: number, burst: number): Rate {
  return { perSecond, burst };
}

/** Text of the environment, or what wrangler.toml has as a table. */
function parseJson(given: unknown, context: z.RefinementCtx): unknown {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
}
