import { randomUUID } from "node:crypto";
import { PROJECT_ID_PATTERN } from "../../contract/project.ts";
import { addBuckets, floorToBucket } from "../../contract/time-buckets.ts";

/** One project's events of one month in UTC, `2024-03`. */
export type PartitionKey = { readonly projectId: string; readonly month: string };

export function monthOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 7);
}

/** Half-open. */
export function rangeOfMonth(month: string): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = Date.parse(`${month}-01T00:00:00Z`);
  return { fromMs, toMs: addBuckets(fromMs, 1, "month") };
}

export function startOfMonth(epochMs: number): number {
  return floorToBucket(epochMs, "month");
}

/**
 * A name that no other file has. The project stands in it, so that whoever holds one folder holds one project's events.
 * @throws for a project that a path might read as something else.
 */
export function newFilePath({ projectId, month }: PartitionKey): string {
  if (!PROJECT_ID_PATTERN.test(projectId)) {
    throw new TypeError(`Cannot name file: project "${projectId}" is no project id`);
  }
  return `project=${projectId}/month=${month}/${randomUUID()}.parquet`;
}
