import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { DurableSql } from "../publish/durable-sql.ts";

export type FileSql = DurableSql & {
  /** Nothing may be written then. */
  close(): void;
};

/** Writes of one turn of the event loop, which one transaction takes to the disk. */
type Group = PromiseWithResolvers<void> & { failure?: unknown };

/**
 * SQLite in a file. What {@link DurableSql.settle} has confirmed survives the process and a loss of power: each transaction waits for the
 * disk (`synchronous = full`). That stops the process for as long as the disk takes, so all that is written in one turn of the event
 * loop, for however many requests, shares one transaction. If that fails, all of it is undone.
 *
 * `exclusive` keeps every other process out until this one ends, however it ends: the lock is the operating system's.
 * @throws {FileInUseError}
 */
export function openFileSql(path: string, access: "exclusive" | "shared"): FileSql {
  const database = open(path, access);
  const statements = new Map<string, StatementSync>();
  let group: Group | undefined;

  function run(statement: string, values: readonly SQLInputValue[]): never[] {
    let prepared = statements.get(statement);
    if (prepared === undefined) {
      prepared = database.prepare(statement);
      statements.set(statement, prepared);
    }
    return prepared.all(...values) as never[];
  }

  function begin(): Group {
    database.exec("begin immediate");
    const begun: Group = Promise.withResolvers<void>();
    // Not everybody waits for it.
    begun.promise.catch(() => {});
    setImmediate(() => end(begun));
    return begun;
  }

  function end(ending: Group): void {
    group = undefined;
    try {
      if (ending.failure !== undefined) throw ending.failure;
      database.exec("commit");
      ending.resolve();
    } catch (error) {
      // Some errors have undone it already.
      if (database.isOpen && database.isTransaction) database.exec("rollback");
      ending.reject(error);
    }
  }

  return {
    read: (statement, ...values) => run(statement, values),

    write(statement, ...values) {
      group ??= begin();
      // Undone already, perhaps: what is written now would be in no transaction.
      if (group.failure !== undefined) throw group.failure;
      try {
        return run(statement, values);
      } catch (error) {
        group.failure = error;
        throw error;
      }
    },

    settle: async () => group?.promise,

    close: () => database.close(),
  };
}

export class FileInUseError extends Error {
  override readonly name = "FileInUseError";
}

/** For a lock that another process holds for one statement. */
const SHARED_TIMEOUT_MS = 1_000;
/** What a long outage leaves of the write-ahead log. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
const SQLITE_BUSY = 5;

function open(path: string, access: "exclusive" | "shared"): DatabaseSync {
  const isExclusive = access === "exclusive";
  const database = new DatabaseSync(path, { timeout: isExclusive ? 0 : SHARED_TIMEOUT_MS });
  try {
    if (isExclusive) database.exec("pragma locking_mode = exclusive");
    database.exec("pragma journal_mode = wal");
    database.exec("pragma synchronous = full");
    database.exec(`pragma journal_size_limit = ${MAX_LOG_BYTES}`);
    // Takes the lock.
    database.exec("begin immediate; commit");
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: unknown }).errcode !== SQLITE_BUSY) throw error;
    throw new FileInUseError(`Cannot open "${path}": another process has it`, { cause: error });
  }
}
