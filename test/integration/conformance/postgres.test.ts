import { describeConformance } from "../../support/conformance.ts";
import { startPostgres } from "../../support/postgres.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";

describeConformance("PostgreSQL", {
  runs: 100,
  async open() {
    const server = await startPostgres();
    const engine = await openTimescaleEngine(server.url);
    return {
      engine,
      async close() {
        await engine.close();
        await server.stop();
      },
    };
  },
});
