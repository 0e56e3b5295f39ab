import type { ProblemSlug } from "../../contract/problem.ts";
import { REGIONS } from "../http/request-origin.ts";
import type { Readiness } from "../readiness.ts";
import type { JsonSchema, Operation, PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";

/** What says how the system is and how to use it; open to everyone but the metrics. */
export function operationsPaths(schemas: SchemaCollector): Record<string, PathItem> {
  const open = (
    operation: Omit<Operation, "tags" | "security">,
    problems: readonly ProblemSlug[] = [],
  ): PathItem => ({
    get: {
      ...operation,
      tags: ["Operations"],
      security: [],
      responses: { ...operation.responses, ...problemResponses(problems, schemas) },
    },
  });
  const page = (mediaType: string) => ({
    "200": { description: "The page", content: { [mediaType]: { schema: { type: "string" } } } },
  });
  return {
    "/healthz": open({
      operationId: "getHealth",
      summary: "Whether the edge runs",
      responses: {
        "200": {
          description: "It runs",
          content: {
            "application/json": {
              schema: object({ status: { type: "string", const: "ok" } }),
              example: { status: "ok" },
            },
          },
        },
      },
    }),
    "/readyz": open(
      {
        operationId: "getReadiness",
        summary: "What works of all that stands behind the edge",
        description: READINESS,
        responses: {
          "200": {
            description: "Events are accepted and statistics read",
            content: { "application/json": { schema: readinessSchema(), example: EXAMPLE } },
          },
        },
      },
      ["not-ready"],
    ),
    "/metrics": {
      get: {
        operationId: "getMetrics",
        summary: "Figures for Prometheus",
        description:
          "What a region counts and holds. Only where METRICS_TOKEN is set; docs/metrics.md describes each figure",
        tags: ["Operations"],
        security: [{ metricsToken: [] }],
        parameters: [
          {
            name: "region",
            in: "query",
            description: "By default the region that the request comes from",
            schema: { type: "string", enum: [...REGIONS] },
          },
        ],
        responses: {
          ...page("text/plain"),
          ...problemResponses(["unauthorized", "not-found", "invalid-query"], schemas),
        },
      },
    },
    "/openapi.json": open({
      operationId: "getOpenApi",
      summary: "This description of the API",
      responses: {
        "200": {
          description: "OpenAPI 3.1",
          content: { "application/json": { schema: { type: "object" } } },
        },
      },
    }),
    "/docs": open({
      operationId: "getDocs",
      summary: "The same as a page to read",
      responses: page("text/html"),
    }),
    "/": open({
      operationId: "getRoot",
      summary: "Leads to /docs",
      responses: { "302": { description: "To /docs" } },
    }),
  };
}

const READINESS = `\`ready\`: nothing is missing. \`degraded\`: events are accepted durably, but Redis or NATS is away, or an outbox is not
empty yet. 503: events cannot be accepted, or the database does not answer; the problem has the same members \`parts\` and \`outbox\`.`;

const EXAMPLE: Readiness = {
  status: "degraded",
  parts: { redis: "ok", stream: "failed", outbox: "in use", database: "ok" },
  outbox: { messages: 2, events: 150, bytes: 31_400, oldest_age_ms: 1_200 },
};

function readinessSchema(): JsonSchema {
  const part = { type: "string", enum: ["ok", "failed", "no answer"] };
  const outbox = { type: "string", enum: ["ok", "in use", "full", "failed"] };
  const count = { type: "integer", minimum: 0 };
  return object({
    status: { type: "string", enum: ["ready", "degraded"] },
    parts: object({ redis: part, stream: part, outbox, database: part }),
    outbox: {
      ...object({ messages: count, events: count, bytes: count, oldest_age_ms: count }),
      type: ["object", "null"],
      description: "Of all publishers of the region; null while one of them does not answer",
    },
  });
}

function object(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: "object", properties, required: Object.keys(properties) };
}
