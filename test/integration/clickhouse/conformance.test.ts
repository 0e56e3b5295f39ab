import { openClickHouseEngine } from "../../support/clickhouse-engine.ts";
import { type ClickHouseService, startClickHouse } from "../../support/clickhouse-server.ts";
import { describeConformance } from "../../support/conformance.ts";

describeConformance("ClickHouse", {
  async open() {
    const server: ClickHouseService = await startClickHouse();
    const engine = await openClickHouseEngine(server.url);
    return {
      engine,
      async close() {
        await engine.close();
        await server.stop();
      },
    };
  },
  runs: 200,
  repeats: true,
});
