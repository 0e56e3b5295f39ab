import type { EventWriter } from "../engine.ts";
import type { EventRow } from "../event-row.ts";
import type { InsertPath, StoreMeter } from "../metrics/store-metrics.ts";
import { FLOOR_LOCK, LOCK_CLASS } from "./advisory-locks.ts";
import { connectDatabase, type Executor } from "./database.ts";
import { encodeForCopy, insertByCopy } from "./insert-by-copy.ts";
import { encodeColumns, insertByUnnest } from "./insert-by-unnest.ts";
import { splitByTime } from "./split-by-time.ts";

/** Below it one statement with arrays is faster than the five round trips of COPY through a staging table. */
const COPY_MIN_ROWS = 500;
/** Larger arrays make the statement slower: the driver and the parser build and take apart huge strings (measured). */
export const UNNEST_ROWS = 1_000;
/** A healthy database takes well under a second for a batch; a connection that died silently never answers. */
const WRITE_TIMEOUT_MS = 60_000;

export type TimescaleWriterOptions = {
  readonly databaseUrl: string;
  readonly connections: number;
  readonly hasCopyFromStdin: boolean;
  /** Called after each commit with what it was about; rows that were there before among them. */
  readonly onCommitted: (rows: readonly EventRow[]) => void;
  /**
   * Stores the rows that are older than the floor, where there is a cold tier; answers how many were new. They never enter the table:
   * its chunks may be gone.
   */
  readonly storeLate?: ((rows: readonly EventRow[]) => Promise<number>) | undefined;
  readonly meter?: Pick<StoreMeter, "inserted"> | undefined;
};

/** Writes to PostgreSQL, with or without TimescaleDB. Whoever calls this closes it. */
export function createTimescaleWriter(
  options: TimescaleWriterOptions,
): EventWriter & { close(): Promise<void> } {
  const { storeLate, onCommitted, meter } = options;
  let sql = connectDatabase(options.databaseUrl, options.connections);

  return {
    async write(rows) {
      let inserted = 0;
      for (const group of splitByTime(rows)) {
        inserted += await withTimeout(insert(sortByKey(group)));
      }
      return { inserted };
    },
    async close() {
      await sql.end({ timeout: 5 });
    },
  };

  async function insert(rows: readonly EventRow[]): Promise<number> {
    if (options.hasCopyFromStdin && rows.length >= COPY_MIN_ROWS) return insertSlice(rows);
    // Each slice commits by itself: the embedded database serves one transaction at a time, and reads shall get their turn.
    let inserted = 0;
    for (let from = 0; from < rows.length; from += UNNEST_ROWS) {
      inserted += await insertSlice(rows.slice(from, from + UNNEST_ROWS));
    }
    return inserted;
  }

  async function insertSlice(rows: readonly EventRow[]): Promise<number> {
    if (storeLate === undefined) {
      const inserted = await insertHot(sql, rows);
      onCommitted(rows);
      return inserted;
    }
    const { late, hot, inserted } = await sql.begin(async (transaction) => {
      // The archiver moves the floor under the exclusive lock. Both are sent at once; the floor is read after the lock is held.
      const [, [row]] = await Promise.all([
        transaction`select pg_advisory_xact_lock_shared(${LOCK_CLASS}, ${FLOOR_LOCK})`,
        transaction<{ floor: Date | null }[]>`select floor from hot_floor`,
      ]);
      const floorMs = row?.floor?.getTime() ?? Number.NEGATIVE_INFINITY;
      const hot = rows.filter(({ occurredAtMs }) => occurredAtMs >= floorMs);
      const late = rows.filter(({ occurredAtMs }) => occurredAtMs < floorMs);
      return { hot, late, inserted: hot.length === 0 ? 0 : await insertHot(transaction, hot) };
    });
    onCommitted(hot);
    if (late.length === 0) return inserted;
    return inserted + (await timed("cold", () => storeLate(late)));
  }

  async function insertHot(executor: Executor, rows: readonly EventRow[]): Promise<number> {
    if (!options.hasCopyFromStdin || rows.length < COPY_MIN_ROWS) {
      return timed("unnest", () => insertByUnnest(executor, encodeColumns(rows)));
    }
    return timed("copy", () => {
      const encoded = encodeForCopy(rows);
      return executor === sql
        ? sql.begin((transaction) => insertByCopy(transaction, encoded))
        : insertByCopy(executor, encoded);
    });
  }

  async function timed(path: InsertPath, insert: () => Promise<number>): Promise<number> {
    const beganMs = performance.now();
    const inserted = await insert();
    meter?.inserted(path, (performance.now() - beganMs) / 1_000);
    return inserted;
  }

  async function withTimeout<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // The pool cannot drop one connection alone; the others come back when they are needed.
        const stuck = sql;
        sql = connectDatabase(options.databaseUrl, options.connections);
        stuck.end({ timeout: 0 }).catch(() => {});
        reject(new WriteTimeoutError());
      }, WRITE_TIMEOUT_MS);
    });
    try {
      return await Promise.race([work, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}

export class WriteTimeoutError extends Error {
  override readonly name = "WriteTimeoutError";
  readonly code = "WRITE_TIMEOUT";

  constructor() {
    super(`Cannot write batch: no answer for ${WRITE_TIMEOUT_MS / 1_000} s`);
  }
}

/**
 * One order for all writers, so that two of them that hold the same events wait for each other instead of deadlocking; and the
 * order of the index, whose pages are then visited one after the other.
 */
export function sortByKey(rows: readonly EventRow[]): EventRow[] {
  return rows.toSorted((a, b) => {
    if (a.projectId !== b.projectId) return a.projectId < b.projectId ? -1 : 1;
    if (a.eventId !== b.eventId) return a.eventId < b.eventId ? -1 : 1;
    return 0;
  });
}
