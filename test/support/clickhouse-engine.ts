import { pino } from "pino";
import {
  type ClickHouseEngineOptions,
  createClickHouseEngine,
} from "../../worker/clickhouse/clickhouse-engine.ts";
import type { Engine } from "../../worker/engine.ts";

/** The worker's engine on a server, prepared. Whoever calls this closes it. */
export async function openClickHouseEngine(
  url: string,
  options: Partial<ClickHouseEngineOptions> = {},
): Promise<Engine> {
  const engine = createClickHouseEngine({
    url,
    user: "default",
    password: "",
    database: "sluice",
    cluster: undefined,
    logger: pino({ level: "silent" }),
    ...options,
  });
  await engine.prepare();
  return engine;
}
