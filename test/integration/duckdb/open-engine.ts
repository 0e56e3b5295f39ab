import { join } from "node:path";
import { pino } from "pino";
import {
  createDuckDbEngine,
  type DuckDbEngineOptions,
} from "../../../worker/duckdb/duckdb-engine.ts";
import type { Engine } from "../../../worker/engine.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

export type OpenedEngine = {
  readonly engine: Engine;
  /** Of its file. */
  readonly path: string;
  /** Closes the engine and removes its folder. */
  close(): Promise<void>;
};

/** The worker's engine on a new file, prepared; nothing runs in the background. */
export async function openDuckDbEngine(
  options: Partial<DuckDbEngineOptions> = {},
): Promise<OpenedEngine> {
  const folder = await makeTempDir("duckdb");
  const path = join(folder.path, "data", "events.duckdb");
  const engine = createDuckDbEngine({
    path,
    threads: 2,
    logger: pino({ level: "silent" }),
    ...options,
  });
  await engine.prepare();
  return {
    engine,
    path,
    async close() {
      await engine.close();
      await folder.remove();
    },
  };
}
