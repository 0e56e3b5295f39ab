import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ArchiveReport } from "../../contract/archive-report.ts";
import { formatInstant } from "../../contract/time-buckets.ts";
import { createConnectionPool } from "../duckdb/connection-pool.ts";
import { openDuckDb } from "../duckdb/database.ts";
import type { EventReader } from "../engine.ts";
import type { Logger } from "../logger.ts";
import type { StoreMeter } from "../metrics/store-metrics.ts";
import { pause } from "../pause.ts";
import { ARCHIVE_LOCK, LOCK_CLASS } from "../timescale/advisory-locks.ts";
import { connectDatabase, READ_TIMEOUT_MS, type Sql } from "../timescale/database.ts";
import { withSession } from "../timescale/with-session.ts";
import { targetFloorMs } from "./archive-steps.ts";
import { type ArchiveLimits, type ArchiveStep, archive } from "./archiver.ts";
import { createFloorGuard } from "./cold-deps.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { compactPartition, isCrowded } from "./compaction.ts";
import { eraseFromFiles } from "./erase-from-files.ts";
import { eraseFromHistory } from "./erase-from-history.ts";
import { type LateRow, storeLateEvents } from "./late-events.ts";
import type { ObjectStore } from "./object-store.ts";
import { createTieredReader } from "./tiered-reader.ts";

export type ColdTierOptions = {
  readonly databaseUrl: string;
  /** Of a role that owns the tables, where the one of `databaseUrl` does not: for archiving and erasing. */
  readonly ownerUrl?: string | undefined;
  /** Reads the database alone. */
  readonly hot: EventReader;
  readonly store: ObjectStore;
  /** Where DuckDB puts what does not fit in memory. */
  readonly scratchDir: string;
  /** How old a day must be, at its end, to be archived. */
  readonly hotMs: number;
  readonly archiveEveryMs: number;
  readonly meter?: Pick<StoreMeter, "archived" | "archiveFailed"> | undefined;
  readonly logger: Logger;
  /** As DuckDB writes it. */
  readonly memoryLimit?: string;
  readonly maxSliceRows?: number;
  readonly limits?: ArchiveLimits;
  readonly onStep?: (step: ArchiveStep) => void | Promise<void>;
};

export type ColdTier = {
  /** Of both tiers. */
  readonly reader: EventReader;
  /** See {@link storeLateEvents}. */
  storeLate(rows: readonly LateRow[]): Promise<number>;
  /** Removes what files and old rollups have of a user whose tombstone is written; answers how many events it was. */
  eraseUser(projectId: string, userId: string): Promise<number>;
  /** Moves what is older than the hot window, or than is said, unless another worker is at it. */
  archive(request: {
    readonly olderThanMs?: number | undefined;
    readonly isDryRun?: boolean;
    readonly signal?: AbortSignal;
  }): Promise<ArchiveReport>;
  /** Archives and collects garbage at its rhythm, until stopped. */
  run(stop: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

/** To DuckDB. Each holds one of the four threads that Node has for files and names. Questions never make late batches wait. */
const DUCKDB_READS = 2;
const DUCKDB_WRITES = 2;
/** To the database, apart from each other: late batches wait for the archiver, which must get on, and nobody waits for them. */
const READ_CONNECTIONS = 4;
const WRITE_CONNECTIONS = 4;
const ARCHIVE_CONNECTIONS = 4;
const ERASE_CONNECTIONS = 4;
const DEFAULT_MEMORY_LIMIT = "2GB";

/** Parquet files behind the table `events` of one database. */
export async function openColdTier(options: ColdTierOptions): Promise<ColdTier> {
  const { databaseUrl, ownerUrl = databaseUrl, store, meter, logger } = options;
  await store.prepare();
  await mkdir(options.scratchDir, { recursive: true });
  // DuckDB names its files alike everywhere. What a killed worker leaves there goes with what its exports left.
  const spillDir = await mkdtemp(join(options.scratchDir, `spill-${process.pid}-`));
  const duckDb = await openDuckDb({
    path: ":memory:",
    allowedDirectories: store.folders,
    memoryLimit: options.memoryLimit ?? DEFAULT_MEMORY_LIMIT,
    tempDirectory: spillDir,
  });
  const readPool = createConnectionPool(() => duckDb.connect(), DUCKDB_READS);
  const pool = createConnectionPool(() => duckDb.connect(), DUCKDB_WRITES);
  const reads = connectDatabase(databaseUrl, READ_CONNECTIONS, {
    statementTimeoutMs: READ_TIMEOUT_MS,
  });
  const writes = connectDatabase(databaseUrl, WRITE_CONNECTIONS);
  const archiver = connectDatabase(ownerUrl, ARCHIVE_CONNECTIONS);
  // An erasure waits for the archiver, too: it must not take the connections that the archiver needs to get on.
  const erasures = ownerUrl === databaseUrl ? writes : connectDatabase(ownerUrl, ERASE_CONNECTIONS);
  const deps = { sql: writes, store, pool };
  const archiverDeps = { sql: archiver, store, pool, logger };
  const guard = createFloorGuard(reads);
  const { hot, maxSliceRows } = options;

  const tier: ColdTier = {
    reader: createTieredReader({
      sql: reads,
      store,
      duckDb,
      pool: readPool,
      guard,
      hot,
      maxSliceRows,
    }),
    storeLate: (rows) =>
      storeLateEvents(deps, rows, async (key, files) => {
        if (!isCrowded(files)) return;
        // The rows are stored; that they are in many files makes reads slower, not wrong.
        await compactPartition(deps, key).catch((error: unknown) => {
          logger.warn({ err: error, ...key }, "compaction failed");
        });
      }),
    async eraseUser(projectId, userId) {
      const removed = await eraseFromFiles({ ...deps, sql: erasures }, { projectId, userId });
      await eraseFromHistory(erasures, projectId, userId);
      return removed;
    },
    async archive({ olderThanMs = options.hotMs, isDryRun = false, signal = NEVER }) {
      const { onStep, limits } = options;
      const nowMs = Date.now();
      const run = () =>
        archive({ ...archiverDeps, onStep, limits }, { olderThanMs, isDryRun, nowMs, signal });
      if (isDryRun) return run();
      try {
        const done = await withArchiveLock(archiver, run);
        await guard.refresh();
        const report = done ?? (await notRun(targetFloorMs(nowMs, olderThanMs)));
        meter?.archived(report);
        return report;
      } catch (error) {
        if (!signal.aborted) meter?.archiveFailed();
        throw error;
      }
    },
    async run(stop) {
      while (!stop.aborted) {
        try {
          const report = await tier.archive({ signal: stop });
          if (report.events > 0) logger.info(summaryOf(report), "events archived");
          const removed = await withArchiveLock(archiver, () =>
            collectGarbage(archiverDeps, { nowMs: Date.now() }),
          );
          if (removed !== undefined && removed > 0) {
            logger.info({ files: removed }, "files without a manifest entry removed");
          }
        } catch (error) {
          if (!stop.aborted) logger.warn({ err: error }, "archiving failed, retrying later");
        }
        await pause(options.archiveEveryMs, stop);
      }
    },
    async close() {
      const pools = new Set([reads, writes, archiver, erasures]);
      await Promise.all([...pools].map((sql) => sql.end({ timeout: 1 })));
      readPool.close();
      pool.close();
      duckDb.close();
      await rm(spillDir, { recursive: true, force: true });
    },
  };
  return tier;

  async function notRun(targetMs: number): Promise<ArchiveReport> {
    const floorMs = await guard.refresh();
    const floor = floorMs === undefined ? null : formatInstant(floorMs);
    return {
      dry_run: false,
      ran: false,
      floor_before: floor,
      floor,
      target: formatInstant(targetMs),
      archived: [],
      events: 0,
      bytes: 0,
      is_cleared: false,
      elapsed_ms: 0,
    };
  }
}

const NEVER = new AbortController().signal;

/** Undefined when another worker holds the lock. It spares work: what must not happen twice is decided by the manifest. */
function withArchiveLock<T>(sql: Sql, action: () => Promise<T>): Promise<T | undefined> {
  return withSession(sql, async (session) => {
    const [row] = await session<{ is_locked: boolean }[]>`
      select pg_try_advisory_lock(${LOCK_CLASS}, ${ARCHIVE_LOCK}) as is_locked`;
    if (row?.is_locked !== true) return undefined;
    try {
      return await action();
    } finally {
      await session`select pg_advisory_unlock(${LOCK_CLASS}, ${ARCHIVE_LOCK})`.catch(() => {});
    }
  });
}

function summaryOf({ events, bytes, archived, floor, elapsed_ms }: ArchiveReport) {
  return { events, bytes, partitions: archived.length, floor, elapsed_ms };
}
