import { describeConformance } from "../../support/conformance.ts";
import { startPostgres } from "../../support/postgres.ts";
import { NO_INDEXES, openTimescaleEngine } from "../../support/timescale-engine.ts";

const open = async (options: Parameters<typeof openTimescaleEngine>[1]) => {
  const server = await startPostgres();
  const engine = await openTimescaleEngine(server.url, options);
  return {
    engine,
    async close() {
      await engine.close();
      await server.stop();
    },
  };
};

describeConformance("PostgreSQL", { runs: 100, open: () => open({}) });

describeConformance("PostgreSQL with an index on all properties", {
  runs: 60,
  open: () => open({ indexes: { ...NO_INDEXES, hasPropertiesIndex: true } }),
});
