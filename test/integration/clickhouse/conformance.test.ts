import type { Engine } from "../../../worker/engine.ts";
import { openClickHouseEngine } from "../../support/clickhouse-engine.ts";
import { startClickHouse } from "../../support/clickhouse-server.ts";
import { describeConformance } from "../../support/conformance.ts";
import { isThorough, runs } from "../../support/thoroughness.ts";

describeConformance("ClickHouse", {
  async open() {
    const server = await startClickHouse();
    const engine = await openClickHouseEngine(server.url);
    return {
      engine: writingTwice(engine),
      async close() {
        await engine.close();
        await server.stop();
      },
    };
  },
  runs: runs(10, 400),
  hasRealEvents: isThorough,
});

/**
 * Each of the real events is in the table twice, in parts that are merged at some time or never: in another order a batch is not
 * recognised. The random cases have repeats of their own.
 */
function writingTwice(engine: Engine): Engine {
  return {
    ...engine,
    openWriter(connections) {
      const writer = engine.openWriter(connections);
      return {
        async write(rows) {
          if (rows.length > 1_000) await writer.write(rows.toReversed());
          return writer.write(rows);
        },
      };
    },
  };
}
