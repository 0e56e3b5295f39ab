import { z } from "zod";

const instant = z.iso.datetime();
const count = z.int().min(0);

/** What an archiver did, or with `dry_run` would do. Times are UTC. */
export const archiveReportSchema = z
  .object({
    dry_run: z.boolean(),
    /** False: another worker is at it, and nothing was done here. */
    ran: z.boolean(),
    /** Where the hot tier began before, and begins now. Null while nothing has been archived. */
    floor_before: instant.nullable(),
    floor: instant.nullable(),
    /** Where the floor was to come: the midnight that ends the last day older than the hot window. */
    target: instant,
    archived: z.array(
      z.object({
        project_id: z.string(),
        month: z.string().meta({ example: "2024-03" }),
        events: count,
        /** Of the files; null in a dry run, where there are none. */
        bytes: count.nullable(),
        files: count.nullable(),
      }),
    ),
    events: count,
    bytes: count.nullable(),
    /** Whether everything below the floor, as far as whole chunks go, has left the database. */
    is_cleared: z.boolean(),
    elapsed_ms: count,
  })
  .meta({ id: "ArchiveReport" });

export type ArchiveReport = z.infer<typeof archiveReportSchema>;

/** `POST /archive` of the worker. Without `older_than_ms` the hot window as configured. */
export const archiveRequestSchema = z.strictObject({
  older_than_ms: z.int().min(0).optional(),
  dry_run: z.boolean().default(false),
});

export type ArchiveRequest = z.infer<typeof archiveRequestSchema>;
