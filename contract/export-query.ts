import { z } from "zod";
import { checkRange, fromSchema, oneOf, toSchema } from "./query-parts.ts";
import { parseSearch } from "./stats-search.ts";
import { EXPORT_FORMATS } from "./store-api.ts";

/** Which of a project's events are exported, and how they are written. */
export const exportQuerySchema = z
  .strictObject({
    from: fromSchema,
    to: toSchema,
    format: oneOf(EXPORT_FORMATS).default("ndjson").meta({
      description: "`ndjson` is what `POST /v1/events` takes, so that it can be imported again",
    }),
  })
  .superRefine((query, context) => {
    checkRange(query, context);
  });

export type ExportQuery = z.infer<typeof exportQuerySchema>;

/** @throws {StatsQueryError} that lists every parameter which is unknown, repeated, missing or wrong. */
export function parseExportSearch(search: URLSearchParams): ExportQuery {
  const members = Object.keys(exportQuerySchema.shape);
  return parseSearch(exportQuerySchema, {}, members, search) as ExportQuery;
}
