import type { JsonSchema, Operation, PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";

/** What says how the system is and how to use it; open to everyone. */
export function operationsPaths(schemas: SchemaCollector): Record<string, PathItem> {
  const open = (operation: Omit<Operation, "tags" | "security">): PathItem => ({
    get: {
      ...operation,
      tags: ["Operations"],
      security: [],
      responses: { ...operation.responses, ...problemResponses([], schemas) },
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
    "/readyz": open({
      operationId: "getReadiness",
      summary: "Whether every part behind the edge answers",
      responses: {
        "200": { description: "All parts answer", content: readiness("ready") },
        "503": {
          description: "A part does not answer, or not in time",
          content: readiness("not ready"),
        },
      },
    }),
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
  };
}

function statusSchema(status: string, more: Record<string, JsonSchema> = {}): JsonSchema {
  const properties = { status: { type: "string", const: status }, ...more };
  return { type: "object", properties, required: Object.keys(properties) };
}

function readiness(status: "ready" | "not ready") {
  const parts = {
    type: "object",
    additionalProperties: { type: "string", enum: ["ok", "no answer", "failed"] },
  };
  return { "application/json": { schema: statusSchema(status, { parts }) } };
}
