import postgres from "postgres";
import { describeConformance } from "../../support/conformance.ts";
import { startTimescale } from "../../support/timescale.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";

let databaseUrl = "";

describeConformance("TimescaleDB", {
  runs: 60,
  async open() {
    const server = await startTimescale();
    databaseUrl = server.url;
    const engine = await openTimescaleEngine(server.url, { chunkIntervalDays: 365 });
    return {
      engine,
      async close() {
        await engine.close();
        await server.stop();
      },
    };
  },
  /** Half of the history is answered from the aggregates, half from raw rows above the watermark. */
  async onGitEventsWritten() {
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
    for (const aggregate of ["events_hourly", "user_days"]) {
      await sql
        .unsafe(
          `call refresh_continuous_aggregate('${aggregate}', '2000-01-01'::timestamptz, '2024-03-06'::timestamptz)`,
        )
        .simple();
    }
    await sql.end();
  },
});
