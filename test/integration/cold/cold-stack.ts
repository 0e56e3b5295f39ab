import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import type { Sql } from "postgres";
import { createTimescaleDialect } from "../../../sql/timescale/dialect.ts";
import {
  type ColdTier,
  type ColdTierOptions,
  openColdTier,
} from "../../../worker/cold/cold-tier.ts";
import { createLocalObjects } from "../../../worker/cold/local-objects.ts";
import type { EventWriter } from "../../../worker/engine.ts";
import { probeCapabilities } from "../../../worker/timescale/capabilities.ts";
import { connectDatabase } from "../../../worker/timescale/database.ts";
import { migrate } from "../../../worker/timescale/migrate.ts";
import { createTimescaleReader } from "../../../worker/timescale/timescale-reader.ts";
import { createTimescaleWriter } from "../../../worker/timescale/timescale-writer.ts";

export const logger = pino({ level: process.env.TEST_LOG ?? "silent" });
export const NEVER = new AbortController().signal;

/** A database with a cold tier behind it, as one worker has it. */
export type ColdStack = {
  readonly sql: Sql;
  readonly tier: ColdTier;
  readonly writer: EventWriter;
  /** Everything below this time moves. */
  archiveUpTo(floorMs: number): Promise<number>;
  close(): Promise<void>;
};

/** Several may share a database and a folder, like workers do. */
export async function openColdStack(
  databaseUrl: string,
  folder: string,
  options: Partial<ColdTierOptions> = {},
): Promise<ColdStack> {
  const sql = connectDatabase(databaseUrl, 6);
  const capabilities = await probeCapabilities(sql);
  await migrate(sql, capabilities.edition, { chunkIntervalDays: 7, logger });
  const scratchDir = join(folder, "scratch");
  await mkdir(scratchDir, { recursive: true });
  const tier = await openColdTier({
    databaseUrl,
    hot: createTimescaleReader(sql, createTimescaleDialect()),
    store: createLocalObjects(join(folder, "cold")),
    scratchDir,
    hotMs: 30 * 86_400_000,
    archiveEveryMs: 3_600_000,
    logger,
    ...options,
  });
  const writer = createTimescaleWriter({
    databaseUrl,
    connections: 2,
    hasCopyFromStdin: capabilities.hasCopyFromStdin,
    onCommitted: () => {},
    storeLate: (rows) => tier.storeLate(rows),
  });
  return {
    sql,
    tier,
    writer,
    async archiveUpTo(floorMs) {
      const report = await tier.archive({ olderThanMs: Date.now() - floorMs });
      return report.events;
    },
    async close() {
      await writer.close();
      await tier.close();
      await sql.end({ timeout: 1 });
    },
  };
}
