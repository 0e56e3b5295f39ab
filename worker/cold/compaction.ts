import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import { type ChangerDeps, changePartition } from "./change-partition.ts";
import type { ColdFile } from "./manifest.ts";
import { DamagedFileError } from "./object-store.ts";
import { createFileMaker, relationOf } from "./parquet-files.ts";
import type { PartitionKey } from "./partition.ts";
import { withColdFiles } from "./with-cold-files.ts";

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
      const file = await withColdFiles(deps.store, remove, (paths) =>
        deps.pool.withConnection(undefined, (connection) =>
          maker.make(connection, key, relationOf(paths)),
        ),
      );
      checkSum(file, remove);
      return { add: file === undefined ? [] : [file], remove, result: remove.length };
    });
    if (count === 0) return merged;
    merged += count;
  }
}

/**
 * The files that go are the only ones with their rows: what is made of them must hold as many, with the same identities.
 * @throws {DamagedFileError} when one of them does not hold what the manifest says.
 */
export function checkSum(
  made: Pick<ColdFile, "events" | "checksum"> | undefined,
  parts: readonly Pick<ColdFile, "path" | "events" | "checksum">[],
): void {
  const events = parts.reduce((sum, part) => sum + part.events, 0);
  const checksum = parts.reduce((sum, part) => sum + BigInt(part.checksum), 0n);
  if (made?.events === events && BigInt(made.checksum) === checksum) return;
  const names = parts.map(({ path }) => `"${path}"`).join(", ");
  const found = `${made?.events ?? 0} events with checksum ${made?.checksum ?? "0"}`;
  throw new DamagedFileError(
    `Cannot merge files ${names}: read ${found}, the manifest says ${events} with ${checksum}`,
  );
}
