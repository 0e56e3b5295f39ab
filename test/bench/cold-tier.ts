import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pino } from "pino";
import { type StatsQuery, statsQuerySchema } from "../../contract/stats-query.ts";
import { createTieredEngine } from "../../worker/cold/tiered-engine.ts";
import { connectDatabase } from "../../worker/timescale/database.ts";
import { startPostgres } from "../support/postgres.ts";
import { refreshAggregates } from "../support/refresh-aggregates.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { startTimescale } from "../support/timescale.ts";
import { openTimescaleEngine } from "../support/timescale-engine.ts";
import { GENERATED, generateRows } from "./generated-rows.ts";
import { report } from "./report.ts";
import { median, round } from "./statistics.ts";

const PROJECT = "bench";
const PIECE_ROWS = 10_000;
const SAMPLES = 5;
const DAY_MS = 86_400_000;
const DAYS = 90;
/** Two thirds of the range are cold, as with a hot window of 30 days. */
const FLOOR_MS = GENERATED.endMs - 30 * DAY_MS;
const NEVER = new AbortController().signal;

const range = {
  from: new Date(GENERATED.endMs - DAYS * DAY_MS).toISOString(),
  to: new Date(GENERATED.endMs).toISOString(),
};
const QUESTIONS: Readonly<Record<string, StatsQuery>> = Object.fromEntries(
  Object.entries({
    "events by day": { kind: "events", interval: "day" },
    "active users by day": { kind: "active_users", interval: "day" },
    "top events": { kind: "top_events" },
    "events by property": { kind: "events", interval: "total", breakdown: "properties.plan" },
    "filtered by property": {
      kind: "events",
      interval: "week",
      filters: [{ field: "properties.country", op: "eq", value: "c3" }],
    },
    "weekly retention": { kind: "retention", interval: "week" },
    funnel: { kind: "funnel", steps: ["type-1", "type-3", "type-7"], window: "7d" },
  }).map(([name, question]) => [name, statsQuerySchema.parse({ ...question, ...range })]),
);

/**
 * `BENCH_EVENTS` (1,000,000) generated events in 90 days: what the oldest 60 cost in Parquet and in the database, how fast they move, and what
 * the same questions about all 90 take before and after. On PostgreSQL without TimescaleDB, where rollups are views; with
 * `BENCH_DATABASE=timescale` on the embedded one, where they are stored, in WebAssembly.
 */
export async function benchColdTier(): Promise<void> {
  const count = Number(process.env.BENCH_EVENTS ?? 1_000_000);
  const isTimescale = process.env.BENCH_DATABASE === "timescale";
  const [server, folder] = await Promise.all([
    isTimescale ? startTimescale() : startPostgres(),
    makeTempDir("bench-cold"),
  ]);
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
    logger: pino({ level: "silent" }),
  });
  const sql = connectDatabase(server.url, 1);
  try {
    await engine.prepare();
    const writer = engine.openWriter(1);
    for (const rows of generateRows(PROJECT, count, PIECE_ROWS)) {
      await writer.write(rows.map((row) => stretch(row, count)));
    }
    if (isTimescale) await refreshAggregates(server.url);
    await sql`analyze events`;
    const [table] = await sql<{ bytes: number }[]>`
      select ${isTimescale ? sql`hypertable_size('events')` : sql`pg_total_relation_size('events')`}::float8 as bytes`;
    const before = await askAll();
    const moved = await engine.archive({
      older_than_ms: Date.now() - FLOOR_MS,
      dry_run: false,
    });
    report("cold tier, archive", {
      events: moved.events,
      "rows/s": round((moved.events / moved.elapsed_ms) * 1_000, 0),
    });
    report("cold tier, bytes an event", {
      parquet: round((moved.bytes ?? 0) / moved.events, 1),
      "database with its indexes": round((table?.bytes ?? 0) / count, 1),
    });
    const after = await askAll();
    for (const [name, ms] of Object.entries(before)) {
      const tieredMs = after[name] ?? Number.NaN;
      report(`cold tier, ${name}, ms`, {
        "all hot": round(ms, 1),
        "hot and cold": round(tieredMs, 1),
        ratio: round(tieredMs / ms),
      });
    }
  } finally {
    await sql.end();
    await engine.close();
    await server.stop();
    await folder.remove();
  }

  async function askAll(): Promise<Record<string, number>> {
    const medians: Record<string, number> = {};
    for (const [name, query] of Object.entries(QUESTIONS)) {
      const times: number[] = [];
      for (let sample = 0; sample <= SAMPLES; sample += 1) {
        const beganMs = performance.now();
        await engine.reader.readStats(PROJECT, query, NEVER);
        times.push(performance.now() - beganMs);
      }
      // The first one warms up.
      medians[name] = median(times.slice(1));
    }
    return medians;
  }
}

/** Over 90 days, however many events there are. */
function stretch<Row extends { readonly occurredAtMs: number }>(row: Row, count: number) {
  const factor = DAYS / Math.ceil(count / GENERATED.eventsPerDay);
  const occurredAtMs = Math.ceil(GENERATED.endMs - (GENERATED.endMs - row.occurredAtMs) * factor);
  return { ...row, occurredAtMs, occurredAt: new Date(occurredAtMs).toISOString() };
}
