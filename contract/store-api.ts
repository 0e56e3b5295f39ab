import { z } from "zod";
import { eventPageQuerySchema } from "./event-page.ts";
import { PROJECT_ID_PATTERN } from "./project.ts";
import { statsQuerySchema } from "./stats-query.ts";
import { isUtcInstant } from "./utc-instant.ts";
import { isUuid } from "./uuid.ts";

/**
 * What the worker answers to whoever has its token: `POST /query` with one of these, `POST /export`, `POST /erase`. The edge asks so what
 * it cannot read from the database itself.
 */
const project_id = z.string().regex(PROJECT_ID_PATTERN);
const event_id = z.string().refine(isUuid);
const instant = z.string().refine(isUtcInstant);

/** How long the asker waits; the worker gives up then. */
const timeout_ms = z.int().min(1).max(120_000).default(10_000);

export const storeQuerySchema = z.discriminatedUnion("read", [
  z.strictObject({ read: z.literal("stats"), project_id, timeout_ms, query: statsQuerySchema }),
  z.strictObject({ read: z.literal("page"), project_id, timeout_ms, query: eventPageQuerySchema }),
  z.strictObject({ read: z.literal("event"), project_id, timeout_ms, event_id }),
  z.strictObject({
    read: z.literal("stored"),
    project_id,
    timeout_ms,
    wanted: z
      .array(z.strictObject({ event_id, occurred_at: instant.optional() }))
      .min(1)
      .max(5_000),
  }),
]);

/** What is sent: before its defaults and transformations. */
export type StoreQueryInput = z.input<typeof storeQuerySchema>;
export type StoreQuery = z.infer<typeof storeQuerySchema>;

export const EXPORT_FORMATS = ["ndjson", "csv", "parquet"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const exportRequestSchema = z.strictObject({
  project_id,
  from: instant,
  to: instant,
  format: z.enum(EXPORT_FORMATS),
});
export type ExportRequest = z.infer<typeof exportRequestSchema>;

export const erasureRequestSchema = z.strictObject({
  project_id,
  user_id: z.string().min(1).max(200),
});
export type ErasureRequest = z.infer<typeof erasureRequestSchema>;
