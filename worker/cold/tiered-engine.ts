import type { ArchiveReport, ArchiveRequest } from "../../contract/archive-report.ts";
import type { Engine, EventReader } from "../engine.ts";
import type { Logger } from "../logger.ts";
import type { StoreMeter } from "../metrics/store-metrics.ts";
import type { TimescaleEngine } from "../timescale/timescale-engine.ts";
import { type ColdTier, openColdTier } from "./cold-tier.ts";
import { DamagedFileError } from "./object-store.ts";
import { type ObjectStoreSettings, openObjectStore } from "./open-object-store.ts";

export type TieredEngineOptions = {
  readonly hot: TimescaleEngine;
  readonly databaseUrl: string;
  readonly ownerUrl?: string | undefined;
  readonly place: ObjectStoreSettings;
  readonly hotDays: number;
  readonly archiveEveryMs: number;
  readonly meter?: Pick<StoreMeter, "archived" | "archiveFailed"> | undefined;
  readonly logger: Logger;
};

export type TieredEngine = Engine & {
  archive(request: ArchiveRequest): Promise<ArchiveReport>;
};

const DAY_MS = 86_400_000;

/** TimescaleDB or PostgreSQL with a cold tier behind it: the same answers, whatever is where. */
export function createTieredEngine(options: TieredEngineOptions): TieredEngine {
  const { hot, hotDays, logger } = options;
  const store = openObjectStore(options.place);
  let opened: ColdTier | undefined;

  hot.storeLate = (rows) => tier().storeLate(rows);
  const reader: EventReader = {
    readStats: (...question) => tier().reader.readStats(...question),
    readPage: (...question) => tier().reader.readPage(...question),
    findEvent: (...question) => tier().reader.findEvent(...question),
    countStored: (...question) => tier().reader.countStored(...question),
    exportEvents: (...question) => tier().reader.exportEvents(...question),
  };

  return {
    ...hot,
    reader,
    async prepare() {
      await hot.prepare();
      opened ??= await openColdTier({
        databaseUrl: options.databaseUrl,
        ownerUrl: options.ownerUrl,
        hot: hot.reader,
        store,
        scratchDir: options.place.scratchDir,
        hotMs: hotDays * DAY_MS,
        archiveEveryMs: options.archiveEveryMs,
        meter: options.meter,
        logger,
      });
    },
    kindOf(error) {
      if (isPassing(error)) return "retryable";
      return isOfRows(error) ? "data" : hot.kindOf(error);
    },
    async run(stop) {
      await Promise.all([hot.run(stop), tier().run(stop)]);
    },
    async eraseUser(projectId, userId) {
      // In this order: what moves to files meanwhile is found there.
      const erasure = await hot.eraseUser(projectId, userId);
      const cold = await tier().eraseUser(projectId, userId);
      return { ...erasure, removed: { ...erasure.removed, cold } };
    },
    archive: ({ older_than_ms, dry_run }) =>
      tier().archive({ olderThanMs: older_than_ms, isDryRun: dry_run }),
    describe: () => ({ ...hot.describe(), cold: options.place.url, hot_days: hotDays }),
    async close() {
      await Promise.all([hot.close(), opened?.close()]);
    },
  };

  function tier(): ColdTier {
    if (opened === undefined) throw new TypeError("Cannot use cold tier: it is not prepared");
    return opened;
  }
}

const PASSING = [
  "ObjectStoreError",
  "ObjectMissingError",
  "PartitionBusyError",
  "FileVerificationError",
  "FloorMovedError",
];

function isPassing(error: unknown): boolean {
  return error instanceof Error && PASSING.includes(error.name);
}

/**
 * DuckDB's word for a text that is no UUID or no time; and a file that late events would have to be compared with, and cannot be: they become
 * dead letters, which a replay brings back once it is repaired, and nobody else's events wait for that.
 */
function isOfRows(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof DamagedFileError || error.message.startsWith("Conversion Error");
}
