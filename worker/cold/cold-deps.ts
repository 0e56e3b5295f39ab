import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import type { DuckDb } from "../duckdb/database.ts";
import type { Sql } from "../timescale/database.ts";
import { isFileError } from "./change-partition.ts";
import { type ColdFile, readFloorMs } from "./manifest.ts";
import { ObjectMissingError, type ObjectStore } from "./object-store.ts";

/** What reads of the cold tier need. */
export type ColdDeps = {
  readonly sql: Sql;
  readonly store: ObjectStore;
  readonly duckDb: DuckDb;
  readonly pool: ConnectionPool;
  readonly maxSliceRows?: number | undefined;
};

/** Where an attempt believed the floor to be, it was not when its rows were read. */
export class FloorMovedError extends Error {
  override readonly name = "FloorMovedError";
  readonly code = "FLOOR_MOVED";

  constructor() {
    super("Cannot read: the border between hot and cold moved every time");
  }
}

const MAX_ATTEMPTS = 6;

/**
 * Tries with the floor as it is believed to be. An attempt rejects when that was wrong, or when a file of its manifest has been replaced
 * meanwhile; the next one knows better. The floor only moves forward, so that one which is the same after a read was the same during it.
 */
export function createFloorGuard(sql: Sql) {
  let known: { readonly floorMs: number | undefined } | undefined;

  async function refresh(): Promise<number | undefined> {
    const floorMs = await readFloorMs(sql);
    known = { floorMs };
    return floorMs;
  }

  return {
    async answer<T>(attempt: (floorMs: number | undefined) => Promise<T>): Promise<T> {
      for (let tries = 1; ; tries += 1) {
        const floorMs = known === undefined ? await refresh() : known.floorMs;
        try {
          return await attempt(floorMs);
        } catch (error) {
          if (!isStale(error) || tries >= MAX_ATTEMPTS) throw error;
          known = undefined;
        }
      }
    },
    /** @throws {FloorMovedError} when it is not this one any more. */
    async check(floorMs: number | undefined): Promise<void> {
      if ((await refresh()) !== floorMs) throw new FloorMovedError();
    },
    refresh,
  };
}

export type FloorGuard = ReturnType<typeof createFloorGuard>;

export function isStale(error: unknown): boolean {
  return (
    error instanceof FloorMovedError || error instanceof ObjectMissingError || isFileError(error)
  );
}

/** The files that may have events of a range; without an end, of all times before or after. */
export function filesBetween(
  files: readonly ColdFile[],
  { fromMs, toMs }: { readonly fromMs?: number | undefined; readonly toMs?: number | undefined },
): readonly ColdFile[] {
  // Ends count in milliseconds, files in microseconds: a last event within the first millisecond is inside.
  return files.filter(
    ({ minOccurredAt, maxOccurredAt }) =>
      (toMs === undefined || Date.parse(minOccurredAt) < toMs) &&
      (fromMs === undefined || Date.parse(maxOccurredAt) >= fromMs),
  );
}
