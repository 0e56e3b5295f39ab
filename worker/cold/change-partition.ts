import { pause } from "../pause.ts";
import { retryDelayMs } from "../retry-delay.ts";
import type { Sql } from "../timescale/database.ts";
import { type ColdFile, type Partition, readPartition, swapFiles } from "./manifest.ts";
import { ObjectMissingError, type ObjectStore } from "./object-store.ts";
import type { PartitionKey } from "./partition.ts";

/** What to do to a partition as it was read. Undefined: nothing. */
export type Change<T> = {
  readonly add: readonly ColdFile[];
  readonly remove: readonly ColdFile[];
  readonly result: T;
};

export type ChangerDeps = { readonly sql: Sql; readonly store: ObjectStore };

const MAX_ATTEMPTS = 20;
/** Garbage is collected after an hour: a file this old might be gone when the manifest names it. */
const MAX_AGE_MS = 30 * 60_000;

/**
 * Reads a partition, works out new files for it, and swaps them in if the partition is still the same; else all over again.
 * No transaction is open while files are made.
 * @throws {PartitionBusyError} when others were faster every time.
 */
export async function changePartition<T>(
  { sql, store }: ChangerDeps,
  key: PartitionKey,
  plan: (partition: Partition) => Promise<Change<T>>,
): Promise<T> {
  const never = new AbortController().signal;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (attempt > 0) await pause(retryDelayMs(Math.min(attempt - 1, 3), Math.random()), never);
    const from = await readPartition(sql, key);
    const beganMs = performance.now();
    let change: Change<T>;
    try {
      change = await plan(from);
    } catch (error) {
      // Another one swapped a file out and removed it while it was being read.
      if (await isOutdated(sql, from, error)) continue;
      throw error;
    }
    const { add, remove, result } = change;
    if (add.length === 0 && remove.length === 0) return result;
    const isFresh = performance.now() - beganMs < MAX_AGE_MS;
    // When the swap fails in a way that leaves its outcome open, its files stay: they may be named, and are garbage otherwise.
    if (isFresh && (await swapFiles(sql, { from, remove, add }))) {
      await removeAll(store, remove);
      return result;
    }
    await removeAll(store, add);
  }
  throw new PartitionBusyError(key);
}

async function isOutdated(sql: Sql, from: Partition, error: unknown): Promise<boolean> {
  if (error instanceof ObjectMissingError || isFileError(error)) {
    return (await readPartition(sql, from)).version !== from.version;
  }
  return false;
}

/** DuckDB's word for a file that it cannot find or read. */
export function isFileError(error: unknown): boolean {
  return error instanceof Error && /^(IO|Invalid Input) Error/.test(error.message);
}

/** What cannot be removed now is collected as garbage later. */
async function removeAll(store: ObjectStore, files: readonly ColdFile[]): Promise<void> {
  for (const { path } of files) await store.remove(path).catch(() => {});
}

export class PartitionBusyError extends Error {
  override readonly name = "PartitionBusyError";
  readonly code = "PARTITION_BUSY";

  constructor({ projectId, month }: PartitionKey) {
    super(`Cannot change files of "${projectId}" in ${month}: others changed them every time`);
  }
}
