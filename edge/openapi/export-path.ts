import { exportQuerySchema } from "../../contract/export-query.ts";
import type { PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";
import { searchParameters } from "./search-parameters.ts";

const DESCRIPTION = `Every event of the range, from every tier, as one stream. A connection that breaks before the stream's proper end
means that the export is not whole: ask again. A client that hangs up ends the reading.`;

export function exportPath(schemas: SchemaCollector): PathItem {
  const stream = (description: string) => ({
    schema: { type: "string", contentMediaType: "application/octet-stream", description },
  });
  return {
    get: {
      operationId: "exportEvents",
      summary: "Export raw events",
      description: DESCRIPTION,
      tags: ["Raw events"],
      security: [{ bearer: [] }, { keyParameter: [] }],
      parameters: searchParameters(schemas.toSchema(exportQuerySchema), []),
      responses: {
        "200": {
          description: "The events",
          headers: {
            "Content-Disposition": {
              description: "The name for a file of it",
              schema: { type: "string" },
            },
          },
          content: {
            "application/x-ndjson": stream("One event a line, as `POST /v1/events` takes them"),
            "text/csv": stream("A header and one event a line, `properties` as JSON"),
            "application/vnd.apache.parquet": stream("One Parquet file"),
          },
        },
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
