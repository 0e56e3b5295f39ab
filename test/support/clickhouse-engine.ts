import { pino } from "pino";
import { createClickHouseEngine } from "../../worker/clickhouse/clickhouse-engine.ts";
import type { Engine } from "../../worker/engine.ts";

/** The worker's engine on a server, prepared, in a database of its own. Whoever calls this closes it. */
export async function openClickHouseEngine(url: string, database = "sluice"): Promise<Engine> {
  const engine = createClickHouseEngine({
    url,
    user: "default",
    password: "",
    database,
    cluster: undefined,
    logger: pino({ level: "silent" }),
  });
  await engine.prepare();
  return engine;
}
