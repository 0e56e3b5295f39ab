import { PROBLEMS, problemSchema } from "../../contract/problem.ts";
import { deadLetterPaths } from "./dead-letter-paths.ts";
import type { OpenApiDocument } from "./document-types.ts";
import { eventPageOperations } from "./event-page-paths.ts";
import { exportPath } from "./export-path.ts";
import { ingestPath } from "./ingest-path.ts";
import { operationsPaths } from "./operations-paths.ts";
import { queryPath } from "./query-path.ts";
import { receiptPath } from "./receipt-path.ts";
import { createSchemaCollector } from "./schema-collector.ts";
import { statsPaths } from "./stats-paths.ts";
import { eraseUserOperation } from "./user-path.ts";

/** The API as OpenAPI 3.1, made from the schemas that requests are checked with. */
export function createOpenApiDocument(): OpenApiDocument {
  const schemas = createSchemaCollector();
  schemas.toSchema(problemSchema);
  const pages = eventPageOperations(schemas);
  return {
    openapi: "3.1.0",
    info: {
      title: "Sluice",
      version: "1.0.0",
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [
      { name: "Events", description: "Needs a write key, `slu_w_…`" },
      { name: "Statistics", description: "Needs a read key, `slu_r_…`. Every bucket is UTC" },
      { name: "Raw events", description: "Needs a read key" },
      { name: "Administration", description: "Needs an admin key, `slu_a_…`" },
      { name: "Operations", description: "Needs no key; `/metrics` a token of its own" },
    ],
    paths: {
      "/v1/events": { ...ingestPath(schemas), get: pages.events },
      "/v1/events/{event_id}": receiptPath(schemas),
      "/v1/users/{user_id}/events": { get: pages.userEvents },
      "/v1/users/{user_id}": { delete: eraseUserOperation(schemas) },
      ...statsPaths(schemas),
      "/v1/query": queryPath(schemas),
      "/v1/export": exportPath(schemas),
      ...deadLetterPaths(schemas),
      ...operationsPaths(schemas),
    },
    components: {
      schemas: schemas.collected,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "`Authorization: Bearer slu_…`. The key also says which project is meant",
        },
        metricsToken: {
          type: "http",
          scheme: "bearer",
          description: "`Authorization: Bearer <METRICS_TOKEN>`, for `/metrics` alone",
        },
        keyParameter: {
          type: "apiKey",
          in: "query",
          name: "key",
          description: "For `navigator.sendBeacon`, which cannot set headers",
        },
      },
    },
  };
}

const DESCRIPTION = `Post product events from anywhere, keep each exactly once, read statistics in milliseconds.

Errors are \`application/problem+json\` (RFC 9457). \`type\` is one of:

| type | status | |
|---|---|---|
${Object.entries(PROBLEMS)
  .map(([slug, { status, title }]) => `| \`/problems/${slug}\` | ${status} | ${title} |`)
  .join("\n")}`;
