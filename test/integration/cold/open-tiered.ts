import { join } from "node:path";
import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { createTieredEngine, type TieredEngine } from "../../../worker/cold/tiered-engine.ts";
import type { EngineUnderTest } from "../../support/conformance.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";
import { logger } from "./cold-stack.ts";

export type Database = () => Promise<{ readonly url: string; stop(): Promise<void> }>;

/** The engine of a worker with a cold tier, on a database of its own. With a floor, everything older comes late and goes into files. */
export async function openTiered(
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
