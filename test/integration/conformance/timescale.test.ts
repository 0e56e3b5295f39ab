import { describeConformance } from "../../support/conformance.ts";
import { refreshAggregates } from "../../support/refresh-aggregates.ts";
import { runs } from "../../support/thoroughness.ts";
import { startTimescale } from "../../support/timescale.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";

let databaseUrl = "";

describeConformance("TimescaleDB", {
  runs: runs(25, 600),
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
    await refreshAggregates(databaseUrl, "2024-03-06");
  },
});
