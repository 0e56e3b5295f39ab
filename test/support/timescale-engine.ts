import { pino } from "pino";
import {
  createTimescaleEngine,
  type TimescaleEngine,
  type TimescaleEngineOptions,
} from "../../worker/timescale/timescale-engine.ts";

export const NO_INDEXES = { hotProperties: [], hasPropertiesIndex: false, hasUserIndex: false };

/** The worker's engine on a database, prepared; nothing runs in the background. Whoever calls this closes it. */
export async function openTimescaleEngine(
  databaseUrl: string,
  options: Partial<TimescaleEngineOptions> = {},
): Promise<TimescaleEngine> {
  const engine = createTimescaleEngine({
    databaseUrl,
    workerId: "test",
    chunkIntervalDays: 7,
    refresh: { hourlyMs: 1_000, userDaysMs: 5_000, repairEveryMs: 300_000 },
    indexes: NO_INDEXES,
    logger: pino({ level: "silent" }),
    ...options,
  });
  await engine.prepare();
  return engine;
}
