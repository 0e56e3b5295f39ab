import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Engine } from "../engine.ts";
import type { Logger } from "../logger.ts";
import type { StoreMeter } from "../metrics/store-metrics.ts";
import { MigrationError } from "../migrations.ts";
import { pause } from "../pause.ts";
import { createStreamProgress, type StreamProgress } from "../stream-progress.ts";
import { type DuckDb, openDuckDb } from "./database.ts";
import { isFatal, kindOfDuckDbError } from "./duckdb-error.ts";
import { createDuckDbReader } from "./duckdb-reader.ts";
import { eraseUserRows } from "./erase-user.ts";
import { findErased } from "./find-erased.ts";
import { insertBatch } from "./insert-batch.ts";
import { migrate } from "./migrate.ts";
import { isMergeDue, mergeParts, ROLLUPS, type Rollup } from "./rollups.ts";
import { dropFiller, scrubFile } from "./scrub-file.ts";
import { createWritingSession, type WritingSession } from "./writing-session.ts";

const MERGE_EVERY_MS = 5_000;

export type DuckDbEngineOptions = {
  /** The file; its folder is made if it is missing. */
  readonly path: string;
  readonly logger: Logger;
  readonly meter?: Pick<StoreMeter, "inserted"> | undefined;
  /** As DuckDB writes it: `2GB`. */
  readonly memoryLimit?: string;
  readonly threads?: number;
};

type Opened = { readonly database: DuckDb; readonly session: WritingSession };

/** One file that this process alone has open. All that is committed is in every answer at once. */
export function createDuckDbEngine(options: DuckDbEngineOptions): Engine {
  const { logger } = options;
  let opened: Opened | undefined;
  let progress: StreamProgress | undefined;
  const broken = new AbortController();

  return {
    name: "duckdb",
    reader: createDuckDbReader({
      database: () => use().database,
      asOf: () => progress?.asOf() ?? null,
    }),
    async prepare() {
      opened ??= await open(options);
      await migrate(opened.session, logger);
      await opened.session.exclusively(dropFiller);
    },
    isPermanent: (error) =>
      error instanceof MigrationError && kindOfDuckDbError(error.cause) !== "retryable",
    kindOf: (error) =>
      error instanceof DatabaseInUseError ? "retryable" : kindOfDuckDbError(error),
    async start(manager) {
      progress ??= createStreamProgress({ manager, logger });
    },
    openWriter: () => ({
      async write(rows) {
        const beganMs = performance.now();
        const inserted = await guarded(({ session }) =>
          session.transaction((connection) => insertBatch(connection, rows)),
        );
        options.meter?.inserted("duckdb", (performance.now() - beganMs) / 1_000);
        return { inserted };
      },
    }),
    async run(stop) {
      const end = AbortSignal.any([stop, broken.signal]);
      await Promise.all([progress?.run(end), runMerges(end)]);
      broken.signal.throwIfAborted();
    },
    async finish() {},
    async eraseUser(projectId, userId) {
      return guarded(async ({ session }) => {
        const erasure = await session.transaction(async (connection) => {
          // Taken in the session's turn: every batch is written before it, or compared with it.
          const erased_at = new Date().toISOString();
          const hot = await eraseUserRows(connection, projectId, userId, erased_at);
          return { erased_at, removed: { hot } };
        });
        await session.exclusively(scrubFile);
        return erasure;
      });
    },
    findErased: (events) => findErased(use().database, events),
    readAsOfMs: async () => progress?.asOfMs(),
    describe: () => ({ path: options.path }),
    async checkHealth() {
      // Not one of the readers' connections: all of them may be busy with long questions.
      const connection = await use().database.connect();
      try {
        await connection.run("select 1");
      } finally {
        connection.closeSync();
      }
    },
    async close() {
      const closing = opened;
      opened = undefined;
      await closing?.session.close();
      closing?.database.close();
    },
  };

  function use(): Opened {
    if (opened === undefined) throw new TypeError("Cannot use database: it is not open");
    return opened;
  }

  /** Ends {@link Engine.run}, and with it the process, when the database needs to be opened again, as DuckDB says. */
  async function guarded<T>(action: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      return await action(use());
    } catch (error) {
      if (isFatal(error)) broken.abort(new DatabaseBrokenError(error));
      throw error;
    }
  }

  async function runMerges(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        for (const rollup of ROLLUPS) {
          await guarded(({ session }) =>
            session.transaction((connection) => mergeIfDue(connection, rollup)),
          );
        }
      } catch (error) {
        logger.warn({ err: error }, "rollups not merged, retrying");
      }
      await pause(MERGE_EVERY_MS, stop);
    }
  }

  async function mergeIfDue(connection: DuckDBConnection, rollup: Rollup): Promise<void> {
    if (!(await isMergeDue(connection, rollup))) return;
    const beganMs = performance.now();
    await mergeParts(connection, rollup);
    const ms = Math.round(performance.now() - beganMs);
    logger.debug({ rollup: rollup.name, ms }, "rollup merged");
  }
}

export class DatabaseInUseError extends Error {
  override readonly name = "DatabaseInUseError";

  constructor(path: string, pid: string, cause: unknown) {
    super(`Cannot open database: another process has "${path}" open (PID ${pid})`, { cause });
  }
}

export class DatabaseBrokenError extends Error {
  override readonly name = "DatabaseBrokenError";

  constructor(cause: unknown) {
    super("Cannot go on: the database has to be opened again by a new process", { cause });
  }
}

async function open({ path, memoryLimit, threads }: DuckDbEngineOptions): Promise<Opened> {
  await mkdir(dirname(path), { recursive: true });
  const database = await openDuckDb({
    path,
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(threads === undefined ? {} : { threads }),
  }).catch((error: unknown) => {
    const [, pid] = /Conflicting lock is held in .*\(PID (\d+)\)/.exec(String(error)) ?? [];
    throw pid === undefined ? error : new DatabaseInUseError(path, pid, error);
  });
  try {
    return { database, session: createWritingSession(await database.connect()) };
  } catch (error) {
    database.close();
    throw error;
  }
}
