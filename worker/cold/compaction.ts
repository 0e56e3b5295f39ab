import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import { type ChangerDeps, changePartition } from "./change-partition.ts";
import type { ColdFile } from "./manifest.ts";
import { withFiles } from "./object-store.ts";
import { createFileMaker, relationOf } from "./parquet-files.ts";
import type { PartitionKey } from "./partition.ts";

/** A partition may have so many files of about one size. */
const MAX_ALIKE = 8;
/** Larger files are left alone: reading many rows from few files is what they are for. */
const LARGE_EVENTS = 250_000;

/** Whether it is worth a look. */
export function isCrowded(files: number): boolean {
  return files > MAX_ALIKE;
}

/**
 * The files to merge into one, if a partition has too many: those of the smallest size of which there are more than eight. Sizes grow by
 * eight, so that a row is written again only once for each, however many files come.
 */
export function chooseFilesToMerge(files: readonly ColdFile[]): readonly ColdFile[] {
  const bySize = Map.groupBy(
    files.filter(({ events }) => events < LARGE_EVENTS),
    ({ events }) => Math.floor(Math.log(Math.max(1, events)) / Math.log(MAX_ALIKE)),
  );
  const crowded = [...bySize].filter(([, alike]) => alike.length > MAX_ALIKE);
  const [smallest] = crowded.sort(([a], [b]) => a - b);
  return smallest?.[1] ?? [];
}

/** Merges until no size has too many files. Answers how many files went. */
export async function compactPartition(
  deps: ChangerDeps & { readonly pool: ConnectionPool },
  key: PartitionKey,
): Promise<number> {
  const maker = createFileMaker(deps.store);
  let merged = 0;
  for (;;) {
    const count = await changePartition(deps, key, async ({ files }) => {
      const remove = chooseFilesToMerge(files);
      if (remove.length === 0) return { add: [], remove: [], result: 0 };
      const file = await withFiles(
        deps.store,
        remove.map(({ path }) => path),
        (paths) =>
          deps.pool.withConnection(undefined, (connection) =>
            maker.make(connection, key, relationOf(paths)),
          ),
      );
      return { add: file === undefined ? [] : [file], remove, result: remove.length };
    });
    if (count === 0) return merged;
    merged += count;
  }
}
