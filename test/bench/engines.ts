import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import type { Engine } from "../../worker/engine.ts";
import { refreshAggregates } from "../support/refresh-aggregates.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { startTimescale } from "../support/timescale.ts";
import { openTimescaleEngine } from "../support/timescale-engine.ts";
import { ENGINE_QUESTIONS } from "./engine-questions.ts";
import { generateRows } from "./generated-rows.ts";
import { report } from "./report.ts";
import { quantile, round } from "./statistics.ts";

const PROJECT = "bench";
const PIECE_ROWS = 10_000;
const WARM_UP = 2;
const SAMPLES = 15;
const NEVER = new AbortController().signal;

type Opened = {
  readonly engine: Engine;
  /** After all rows are written. */
  readonly settle?: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const ENGINES: Readonly<Record<string, () => Promise<Opened>>> = {
  async timescale() {
    const server = await startTimescale();
    const engine = await openTimescaleEngine(server.url);
    return {
      engine,
      settle: () => refreshAggregates(server.url),
      async close() {
        await engine.close();
        await server.stop();
      },
    };
  },
  async duckdb() {
    const { createDuckDbEngine } = await import("../../worker/duckdb/duckdb-engine.ts");
    const tempDir = await makeTempDir("bench-duckdb");
    const path = join(tempDir.path, "events.duckdb");
    const engine = createDuckDbEngine({ path, logger: pino({ level: "silent" }) });
    await engine.prepare();
    return {
      engine,
      async close() {
        report("duckdb file, MiB", { size: round((await stat(path)).size / 2 ** 20, 0) });
        await engine.close();
        await tempDir.remove();
      },
    };
  },
  async clickhouse() {
    const { startClickHouse } = await import("../support/clickhouse-server.ts");
    const { createClickHouseEngine } = await import("../../worker/clickhouse/clickhouse-engine.ts");
    const server = await startClickHouse();
    const engine = createClickHouseEngine({
      url: server.url,
      user: "default",
      password: "",
      database: "sluice",
      cluster: undefined,
      logger: pino({ level: "silent" }),
    });
    await engine.prepare();
    return {
      engine,
      async close() {
        await engine.close();
        await server.stop();
      },
    };
  },
};

/**
 * Each kind of question on each engine, asked of `EVENTS` (1,000,000) generated events: `BENCH_ENGINES=duckdb BENCH_EVENTS=10000000 npm
 * run bench -- engines` for one of them and more.
 */
export async function benchEngines(): Promise<void> {
  const count = Number(process.env.BENCH_EVENTS ?? 1_000_000);
  const names = (process.env.BENCH_ENGINES ?? Object.keys(ENGINES).join(",")).split(",");
  for (const name of names) {
    const open = ENGINES[name];
    if (open === undefined) throw new Error(`Cannot bench "${name}": no such engine`);
    const opened = await open();
    try {
      await benchEngine(name, opened, count);
    } finally {
      await opened.close();
    }
  }
}

async function benchEngine(name: string, { engine, settle }: Opened, count: number) {
  const writer = engine.openWriter(1);
  let writingMs = 0;
  for (const rows of generateRows(PROJECT, count, PIECE_ROWS)) {
    const beganMs = performance.now();
    await writer.write(rows);
    writingMs += performance.now() - beganMs;
  }
  report(`${name}, ${count} events`, { "written/s": Math.round((count / writingMs) * 1_000) });
  await settle?.();
  for (const { name: question, isRollup, query } of ENGINE_QUESTIONS) {
    const times: number[] = [];
    let sources: readonly string[] = [];
    for (let index = 0; index < WARM_UP + SAMPLES; index += 1) {
      const beganMs = performance.now();
      ({ sources } = await engine.reader.readStats(PROJECT, query, NEVER));
      if (index >= WARM_UP) times.push(performance.now() - beganMs);
    }
    report(`${name}, ${count} events, ${question}`, {
      "p50, ms": round(quantile(times, 0.5), 1),
      "p99, ms": round(quantile(times, 0.99), 1),
      from: `${isRollup ? "rollup " : ""}${sources.join("+")}`,
    });
  }
}
