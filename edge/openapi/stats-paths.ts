import { z } from "zod";
import { MAX_BUCKETS } from "../../contract/query-parts.ts";
import { STATS_DATA_SCHEMAS, statsMetaSchema } from "../../contract/stats-answer.ts";
import {
  MAX_GROUPS,
  MAX_VALUES,
  STATS_QUERY_SCHEMAS,
  type StatsKind,
} from "../../contract/stats-query.ts";
import { STATS_PATHS } from "../routes/stats.ts";
import type { Header, Parameter, PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";
import { searchParameters } from "./search-parameters.ts";

const TEXTS: Record<StatsKind, { operationId: string; summary: string; description: string }> = {
  active_users: {
    operationId: "getActiveUsers",
    summary: "Distinct users a day, week or month",
    description: `Buckets without events are there with 0. At most ${MAX_BUCKETS} buckets.`,
  },
  top_events: {
    operationId: "getTopEvents",
    summary: "The most frequent event types",
    description: "Most events first; types with as many are in the order of their names.",
  },
  events: {
    operationId: "getEventCounts",
    summary: "Events, or users, over time",
    description: `Filters are tests of properties, all of which an event must pass. Buckets without events are there with 0; with \`breakdown\` so is every group in every bucket, the group with the largest sum first. At most ${MAX_BUCKETS} buckets, ${MAX_GROUPS} groups and ${MAX_VALUES} values of a breakdown.`,
  },
  retention: {
    operationId: "getRetention",
    summary: "How many new users come back",
    description: `A cohort is the users whose first event ever falls in a period; the periods that start in the range have one each, also an empty one. \`retained[k]\` counts its users active in the k-th period after, also beyond \`to\`. At most ${MAX_BUCKETS} numbers.`,
  },
  funnel: {
    operationId: "getFunnel",
    summary: "How many users take one step after another",
    description:
      "A step must be at or after the one before, and all within the window after the first. An event that two steps describe counts for both.",
  },
};

export function statsPaths(schemas: SchemaCollector): Record<string, PathItem> {
  const paths = Object.entries(STATS_PATHS).map(
    ([kind, path]) => [`/v1/stats${path}`, statsPath(kind as StatsKind, schemas)] as const,
  );
  return Object.fromEntries(paths);
}

function statsPath(kind: StatsKind, schemas: SchemaCollector): PathItem {
  return {
    get: {
      ...TEXTS[kind],
      tags: ["Statistics"],
      security: [{ bearer: [] }, { keyParameter: [] }],
      parameters: [
        ...searchParameters(schemas.toSchema(STATS_QUERY_SCHEMAS[kind]), ["kind"]),
        FORCE_PARAMETER,
      ],
      responses: {
        "200": {
          description: "The numbers, and how fresh they are",
          headers: CACHE_HEADERS,
          content: {
            "application/json": {
              schema: schemas.toSchema(
                z.object({ data: z.array(STATS_DATA_SCHEMAS[kind]), meta: statsMetaSchema }),
              ),
            },
          },
        },
        "304": { description: "The numbers are those of `If-None-Match`", headers: CACHE_HEADERS },
        ...problemResponses(
          [
            "unauthorized",
            "wrong-scope",
            "invalid-query",
            "rate-limited",
            "store-unavailable",
            "store-timeout",
          ],
          schemas,
        ),
      },
    },
  };
}

export const FORCE_PARAMETER: Parameter = {
  name: "Cache-Control",
  in: "header",
  description: "`no-cache`: read the store now, whatever a cache keeps",
  schema: { type: "string", enum: ["no-cache"] },
};

export const CACHE_HEADERS: Record<string, Header> = {
  ETag: { description: "Changes with the numbers", schema: { type: "string" } },
  "Cache-Control": {
    description:
      "How long the answer is fresh: up to seconds for a range that includes now, minutes for one that has ended",
    schema: { type: "string" },
  },
};
