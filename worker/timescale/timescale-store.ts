import type { EventRow } from "../event-row.ts";
import type { EventStore } from "../store.ts";
import { connectDatabase } from "./database.ts";
import { encodeForCopy, insertByCopy } from "./insert-by-copy.ts";
import { encodeColumns, insertByUnnest } from "./insert-by-unnest.ts";

/** Below it one statement with arrays is faster than the five round trips of COPY through a staging table. */
const COPY_MIN_ROWS = 500;
/** Larger arrays make the statement slower: the driver and the parser build and take apart huge strings (measured). */
export const UNNEST_ROWS = 1_000;
/** A healthy database takes well under a second for a batch; a connection that died silently never answers. */
const WRITE_TIMEOUT_MS = 60_000;

export type TimescaleStoreOptions = {
  readonly databaseUrl: string;
  readonly connections: number;
  readonly hasCopyFromStdin: boolean;
};

/** {@link EventStore} on PostgreSQL, with or without TimescaleDB. */
export function createTimescaleStore(options: TimescaleStoreOptions): EventStore {
  let sql = connectDatabase(options.databaseUrl, options.connections);

  return {
    async write(rows) {
      const ordered = sortByKey(rows);
      const inserted = await withTimeout(insert(ordered));
      return { inserted };
    },
    async checkHealth() {
      await sql`select 1`;
    },
    async close() {
      await sql.end({ timeout: 5 });
    },
  };

  async function insert(rows: readonly EventRow[]): Promise<number> {
    if (options.hasCopyFromStdin && rows.length >= COPY_MIN_ROWS) {
      const encoded = encodeForCopy(rows);
      return sql.begin((transaction) => insertByCopy(transaction, encoded));
    }
    // Each slice commits by itself: the embedded database serves one transaction at a time, and reads shall get their turn.
    let inserted = 0;
    for (let from = 0; from < rows.length; from += UNNEST_ROWS) {
      inserted += await insertByUnnest(sql, encodeColumns(rows.slice(from, from + UNNEST_ROWS)));
    }
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
