import type { Sql } from "../timescale/database.ts";
import type { PartitionCount } from "./hot-rows.ts";
import type { ColdFile } from "./manifest.ts";

/** A partition's rows below the next floor, in files that no manifest names yet. */
export type Draft = {
  readonly count: PartitionCount;
  readonly files: readonly ColdFile[];
  /** The project's, before its rows were read: with every erasure there is another. */
  readonly erasureMark: string;
};

export function keyOf({ projectId, month }: PartitionCount): string {
  return `${month} ${projectId}`;
}

/** Drafts that are not what the table has, or may hold somebody who was erased since. Counts without a draft are not among them. */
export function findStale(
  drafts: ReadonlyMap<string, Draft>,
  counts: readonly PartitionCount[],
  marks: ReadonlyMap<string, string>,
): readonly string[] {
  const events = new Map(counts.map((count) => [keyOf(count), count.events]));
  return [...drafts].flatMap(([key, { count, erasureMark }]) => {
    const isErasedFrom = (marks.get(count.projectId) ?? NEVER_ERASED) !== erasureMark;
    return events.get(key) !== count.events || isErasedFrom ? [key] : [];
  });
}

/** Of a project in which nobody has been erased. */
export const NEVER_ERASED = "";

/** By project. */
export async function readErasureMarks(
  sql: Pick<Sql, "unsafe">,
): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.unsafe<{ project_id: string; mark: string }[]>(
    "select project_id, count(*) || ' ' || sum(extract(epoch from erased_at)) as mark from erasures group by 1",
  );
  return new Map(rows.map(({ project_id, mark }) => [project_id, mark]));
}
