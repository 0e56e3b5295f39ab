import type { JetStreamManager } from "@nats-io/jetstream";
import { createTimescaleDialect } from "../../sql/timescale/dialect.ts";
import type { Engine } from "../engine.ts";
import type { EventRow } from "../event-row.ts";
import type { Logger } from "../logger.ts";
import type { StoreMeter } from "../metrics/store-metrics.ts";
import { MigrationError } from "../migrations.ts";
import { settledWithin } from "../time-limit.ts";
import { createAggregates } from "./aggregates.ts";
import { type Capabilities, probeCapabilities } from "./capabilities.ts";
import { connectDatabase, READ_TIMEOUT_MS, type Sql } from "./database.ts";
import { kindOfDatabaseError } from "./database-error.ts";
import { eraseFromTable } from "./erase-from-table.ts";
import { findErased } from "./find-erased.ts";
import { migrate } from "./migrate.ts";
import { keepOptionalIndexes, type OptionalIndexes } from "./optional-indexes.ts";
import { createProgress, type Progress } from "./progress.ts";
import { createRefresher, type Refresher } from "./refresher.ts";
import { BlindOwnerError, refuseBlindOwner } from "./refuse-blind-owner.ts";
import { createTimescaleReader } from "./timescale-reader.ts";
import { createTimescaleWriter } from "./timescale-writer.ts";

export type TimescaleEngineOptions = {
  readonly databaseUrl: string;
  /** Of a role that owns the tables, where the one of `databaseUrl` does not: for migrations, aggregates and erasures. */
  readonly ownerUrl?: string | undefined;
  readonly workerId: string;
  readonly chunkIntervalDays: number;
  readonly refresh: {
    readonly hourlyMs: number;
    readonly userDaysMs: number;
    readonly repairEveryMs: number;
  };
  readonly indexes: OptionalIndexes;
  readonly meter?: StoreMeter | undefined;
  readonly logger: Logger;
};

/** What a cold tier needs of the engine that it stands behind. */
export type TimescaleEngine = Engine & {
  /** See {@link createTimescaleWriter}; to be set before a writer is opened. */
  storeLate: ((rows: readonly EventRow[]) => Promise<number>) | undefined;
};

/** TimescaleDB, or PostgreSQL without it: one table, aggregates that this process keeps fresh, progress that all workers report. */
export function createTimescaleEngine(options: TimescaleEngineOptions): TimescaleEngine {
  const { databaseUrl, ownerUrl = databaseUrl, workerId, meter, logger, refresh } = options;
  const sql = connectDatabase(databaseUrl, 6);
  const owner = ownerUrl === databaseUrl ? sql : connectDatabase(ownerUrl, 6);
  const reads = connectDatabase(databaseUrl, 4, { statementTimeoutMs: READ_TIMEOUT_MS });
  const { hasPropertiesIndex } = options.indexes;
  const reader = createTimescaleReader(reads, createTimescaleDialect({ hasPropertiesIndex }));
  const closers: (() => Promise<void>)[] = [
    () => reads.end({ timeout: 1 }),
    () => sql.end({ timeout: 1 }),
    ...(owner === sql ? [] : [() => owner.end({ timeout: 1 })]),
  ];
  let prepared: Capabilities | undefined;
  let started: { readonly refresher: Refresher; readonly progress: Progress } | undefined;

  const engine: TimescaleEngine = {
    name: "timescale",
    reader,
    storeLate: undefined,
    async prepare() {
      if (owner !== sql) await refuseBlindOwner(owner);
      const capabilities = await probeCapabilities(owner);
      const { chunkIntervalDays } = options;
      await migrate(owner, capabilities.edition, { chunkIntervalDays, logger });
      if (engine.storeLate === undefined) await refuseWithoutColdTier(sql);
      await keepOptionalIndexes(owner, options.indexes, logger);
      prepared = capabilities;
    },
    isPermanent: (error) =>
      error instanceof ColdTierMissingError ||
      error instanceof BlindOwnerError ||
      (error instanceof MigrationError && kindOfDatabaseError(error.cause) !== "retryable"),
    kindOf: kindOfDatabaseError,
    async start(manager) {
      const { edition } = capabilitiesOf(prepared);
      started ??= createKeepers(edition === "community", manager);
      await started.progress.start();
    },
    openWriter(connections) {
      const writer = createTimescaleWriter({
        databaseUrl,
        connections,
        hasCopyFromStdin: capabilitiesOf(prepared).hasCopyFromStdin,
        onCommitted: (rows) => started?.refresher.note(rows),
        storeLate: engine.storeLate,
        meter,
      });
      closers.push(() => writer.close());
      return writer;
    },
    async run(stop) {
      await Promise.all([started?.refresher.run(stop), started?.progress.run(stop)]);
    },
    async finish() {
      if (started === undefined) return;
      const { refresher, progress } = started;
      // Otherwise the claim stays as it is until another worker, or this one's successor, has refreshed what is left.
      if (refresher.oldestInvisibleMs !== undefined || !refresher.isRepaired) return;
      await settledWithin(1_000, progress.withdraw());
    },
    async eraseUser(projectId, userId) {
      const { erasedAt, removed, days } = await eraseFromTable(owner, projectId, userId);
      await started?.refresher.refreshDays(days);
      return { erased_at: erasedAt.toISOString(), removed: { hot: removed } };
    },
    findErased: (events) => findErased(sql, events),
    async readAsOfMs() {
      const [row] = await sql<{ as_of: Date | null }[]>`select as_of from pipeline_as_of`;
      return row?.as_of?.getTime();
    },
    describe: () => ({ ...prepared }),
    async checkHealth() {
      await sql`select 1`;
    },
    async close() {
      await Promise.all(closers.toReversed().map((close) => close()));
    },
  };
  return engine;

  function createKeepers(hasAggregates: boolean, manager: JetStreamManager) {
    const refresher: Refresher = createRefresher({
      sql: owner,
      aggregates: hasAggregates ? createAggregates(refresh) : [],
      repairEveryMs: refresh.repairEveryMs,
      onRepaired: (beganAt) => progress.forgetSilent(beganAt),
      meter,
      logger,
    });
    const progress: Progress = createProgress({
      sql,
      manager,
      workerId,
      oldestInvisibleMs: () => refresher.oldestInvisibleMs,
      isRepaired: () => refresher.isRepaired,
      onSilentWorker: () => refresher.requestRepair(),
      logger,
    });
    return { refresher, progress };
  }
}

/** @throws {ColdTierMissingError} when old events are in files that nobody would read. */
async function refuseWithoutColdTier(sql: Sql): Promise<void> {
  const [row] = await sql<{ floor: Date | null }[]>`select floor from hot_floor`;
  if (row?.floor) throw new ColdTierMissingError(row.floor);
}

export class ColdTierMissingError extends Error {
  override readonly name = "ColdTierMissingError";

  constructor(floor: Date) {
    super(
      `Cannot use database: events before ${floor.toISOString()} were moved to a cold tier, and COLD_URL is not set`,
    );
  }
}

function capabilitiesOf(prepared: Capabilities | undefined): Capabilities {
  if (prepared === undefined) throw new TypeError("Cannot use database: it is not prepared");
  return prepared;
}
