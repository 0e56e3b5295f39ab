import { z } from "zod";
import { STATS_DATA_SCHEMAS, statsMetaSchema } from "../../contract/stats-answer.ts";
import { statsQuerySchema } from "../../contract/stats-query.ts";
import { MAX_QUERY_BYTES } from "../routes/query.ts";
import type { PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";
import { CACHE_HEADERS, FORCE_PARAMETER } from "./stats-paths.ts";

const DESCRIPTION = `The same questions, answers and caches as \`/v1/stats/…\`, in one JSON body of at most ${MAX_QUERY_BYTES / 1024} KiB:
for what is long or awkward in a URL.`;

export function queryPath(schemas: SchemaCollector): PathItem {
  const data = z.union(Object.values(STATS_DATA_SCHEMAS).map((schema) => z.array(schema)));
  return {
    post: {
      operationId: "postQuery",
      summary: "Any question about statistics",
      description: DESCRIPTION,
      tags: ["Statistics"],
      security: [{ bearer: [] }, { keyParameter: [] }],
      parameters: [FORCE_PARAMETER],
      requestBody: {
        required: true,
        content: {
          "application/json": { schema: schemas.toSchema(statsQuerySchema), example: EXAMPLE },
        },
      },
      responses: {
        "200": {
          description: "The numbers, and how fresh they are",
          headers: CACHE_HEADERS,
          content: {
            "application/json": {
              schema: schemas.toSchema(z.object({ data, meta: statsMetaSchema })),
            },
          },
        },
        "304": { description: "The numbers are those of `If-None-Match`", headers: CACHE_HEADERS },
        ...problemResponses(
          [
            "malformed-body",
            "request-timeout",
            "unauthorized",
            "wrong-scope",
            "body-too-large",
            "unsupported-media-type",
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

const EXAMPLE = {
  kind: "events",
  interval: "day",
  from: "2024-03-01",
  to: "2024-04-01",
  event_type: "purchase",
  breakdown: "properties.plan",
  filters: [{ field: "properties.amount", op: "gte", value: 10 }],
};
