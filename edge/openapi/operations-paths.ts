import type { ProblemSlug } from "../../contract/problem.ts";
import type { JsonSchema, Operation, PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";

/** What says how the system is and how to use it; open to everyone. */
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
            "application/json": { schema: statusSchema("ok"), example: { status: "ok" } },
          },
        },
      },
    }),
    "/readyz": open(
      {
        operationId: "getReadiness",
        summary: "Whether every part behind the edge answers",
        description:
          "The problem's member `parts` names each part with its state: ok, failed or no answer.",
        responses: { "200": { description: "All parts answer", content: readiness() } },
      },
      ["not-ready"],
    ),
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

function statusSchema(status: string, more: Record<string, JsonSchema> = {}): JsonSchema {
  const properties = { status: { type: "string", const: status }, ...more };
  return { type: "object", properties, required: Object.keys(properties) };
}

function readiness() {
  const parts = { type: "object", additionalProperties: { type: "string", const: "ok" } };
  return { "application/json": { schema: statusSchema("ready", { parts }) } };
}
