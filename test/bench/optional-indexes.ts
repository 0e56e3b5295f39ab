import postgres from "postgres";
import { statsQuerySchema } from "../../contract/stats-query.ts";
import { compileRows } from "../../sql/stats/compile-rows.ts";
import { createTimescaleDialect } from "../../sql/timescale/dialect.ts";
import type { OptionalIndexes } from "../../worker/timescale/optional-indexes.ts";
import { startPostgres } from "../support/postgres.ts";
import { NO_INDEXES, openTimescaleEngine } from "../support/timescale-engine.ts";
import { generateRows } from "./generated-rows.ts";
import { report } from "./report.ts";
import { median, round } from "./statistics.ts";

const PROJECT = "bench";
const ROWS = 500_000;
const ROUNDS = 9;

const WISHES: Readonly<Record<string, OptionalIndexes>> = {
  "no optional index": NO_INDEXES,
  "one hot property": { ...NO_INDEXES, hotProperties: [{ projectId: PROJECT, key: "path" }] },
  "all properties": { ...NO_INDEXES, hasPropertiesIndex: true },
  "users' timelines": { ...NO_INDEXES, hasUserIndex: true },
};

/** What each optional index costs at insert, its vacuum included, and what it gains at a filter that one event in 997 passes. */
export async function benchOptionalIndexes(): Promise<void> {
  for (const [name, indexes] of Object.entries(WISHES)) {
    const server = await startPostgres();
    const engine = await openTimescaleEngine(server.url, { indexes });
    const sql = postgres(server.url, { max: 1, onnotice: () => {} });
    try {
      const writer = engine.openWriter(1);
      let writingMs = 0;
      for (const rows of generateRows(PROJECT, ROWS, 10_000)) {
        const beganMs = performance.now();
        await writer.write(rows);
        writingMs += performance.now() - beganMs;
      }
      const vacuumBeganMs = performance.now();
      await sql`vacuum analyze events`;
      const vacuumMs = performance.now() - vacuumBeganMs;
      const [size] = await sql<{ mib: number }[]>`
        select pg_indexes_size('events') / 1048576 as mib`;
      const { hasPropertiesIndex } = indexes;
      const { text, params } = compileRows(
        statsQuerySchema.parse({
          kind: "events",
          interval: "day",
          from: "2026-05-15",
          to: "2026-06-01",
          filters: [{ field: "properties.path", op: "eq", value: "/page/500" }],
        }),
        PROJECT,
        createTimescaleDialect({ hasPropertiesIndex }),
      );
      const times: number[] = [];
      for (let turn = 0; turn < ROUNDS; turn += 1) {
        const beganMs = performance.now();
        await sql.unsafe(text, [...params]);
        times.push(performance.now() - beganMs);
      }
      report(name, {
        "written/s": Math.round((ROWS / (writingMs + vacuumMs)) * 1_000),
        "of that vacuum, s": round(vacuumMs / 1_000, 1),
        "indexes, MiB": Number(size?.mib),
        "filtered, ms": round(median(times), 1),
      });
    } finally {
      await sql.end();
      await engine.close();
      await server.stop();
    }
  }
}
