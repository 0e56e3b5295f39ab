import { describeConformance } from "../../support/conformance.ts";
import { startPostgres } from "../../support/postgres.ts";
import { runs } from "../../support/thoroughness.ts";
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

describeConformance("PostgreSQL", { runs: runs(40, 2_000), open: () => open({}) });

describeConformance("PostgreSQL with an index on all properties", {
  runs: runs(25, 600),
  open: () => open({ indexes: { ...NO_INDEXES, hasPropertiesIndex: true } }),
});
