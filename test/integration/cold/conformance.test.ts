import { join } from "node:path";
import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { expect } from "vitest";
import { createTieredEngine, type TieredEngine } from "../../../worker/cold/tiered-engine.ts";
import { describeConformance, type EngineUnderTest } from "../../support/conformance.ts";
import { startPostgres } from "../../support/postgres.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { isThorough, runs } from "../../support/thoroughness.ts";
import { startTimescale } from "../../support/timescale.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";
import { logger } from "./cold-stack.ts";

/** Inside every range that the real events are asked about. */
const FLOOR_MS = Date.parse("2024-03-15T00:00:00Z");

type Database = () => Promise<{ readonly url: string; stop(): Promise<void> }>;

async function openTiered(
  startDatabase: Database,
  floorMs?: number,
): Promise<EngineUnderTest & { engine: TieredEngine }> {
  const [server, folder] = await Promise.all([startDatabase(), makeTempDir("cold")]);
  const engine = createTieredEngine({
    hot: await openTimescaleEngine(server.url),
    databaseUrl: server.url,
    place: {
      url: pathToFileURL(join(folder.path, "cold")).href,
      scratchDir: join(folder.path, "scratch"),
      s3: { region: "auto" },
    },
    hotDays: 30,
    archiveEveryMs: 3_600_000,
    logger,
  });
  await engine.prepare();
  if (floorMs !== undefined) {
    const sql = postgres(server.url, { max: 1 });
    await sql`update cold_tier set floor = ${new Date(floorMs)}, cleared_to = ${new Date(floorMs)}`;
    await sql.end();
  }
  return {
    engine,
    ...(floorMs === undefined ? {} : { floorMs }),
    async close() {
      await engine.close();
      await server.stop();
      await folder.remove();
    },
  };
}

describeConformance("PostgreSQL and files, with everything old coming late,", {
  runs: runs(20, 200),
  repeats: true,
  hasRealEvents: isThorough,
  open: () => openTiered(startPostgres, FLOOR_MS),
});

if (isThorough) {
  describeConformance("PostgreSQL and files, archived afterwards,", {
    runs: 1,
    open: () => openTiered(startPostgres),
    onGitEventsWritten: archiveOld,
  });
}

describeConformance("TimescaleDB and files, archived afterwards,", {
  runs: runs(5, 20),
  hasRealEvents: isThorough,
  open: () => openTiered(startTimescale),
  onGitEventsWritten: archiveOld,
});

async function archiveOld({ engine }: EngineUnderTest): Promise<void> {
  const { archive } = engine as TieredEngine;
  const report = await archive({ older_than_ms: Date.now() - FLOOR_MS, dry_run: false });
  expect(report.events).toBeGreaterThan(100_000);
  expect(report.is_cleared).toBe(true);
}
