import { describe, expect, test } from "vitest";
import type { Engine } from "../../../worker/engine.ts";
import { openClickHouseEngine } from "../../support/clickhouse-engine.ts";
import { startClickHouse } from "../../support/clickhouse-server.ts";
import { startPostgres } from "../../support/postgres.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";
import { openDuckDbEngine } from "../duckdb/open-engine.ts";

type Opened = { readonly engine: Engine; close(): Promise<void> };

const ENGINES: readonly (readonly [string, () => Promise<Opened>])[] = [
  ["PostgreSQL", async () => open(await startPostgres(), ({ url }) => openTimescaleEngine(url))],
  ["DuckDB", () => openDuckDbEngine()],
  ["ClickHouse", async () => open(await startClickHouse(), ({ url }) => openClickHouseEngine(url))],
];

async function open<Server extends { stop(): Promise<void> }>(
  server: Server,
  openEngine: (server: Server) => Promise<Engine>,
): Promise<Opened> {
  const engine = await openEngine(server);
  return {
    engine,
    async close() {
      await engine.close();
      await server.stop();
    },
  };
}

describe.each(ENGINES)("findErased() of %s", (_, openEngine) => {
  test("finds what was received before its user was erased, of that project alone", async () => {
    const { engine, close } = await openEngine();
    try {
      const received = (projectId: string, userId: string, receivedAt: string) => ({
        projectId,
        userId,
        receivedAt,
      });
      const before = "2026-01-01T00:00:00.000Z";
      const after = new Date(Date.now() + 3_600_000).toISOString();
      const hostile = "a'b\\\"c\u{1f600}\n";
      const erased = [
        received("a", "u1", before),
        received("a", hostile, before),
        // A year that no database has.
        received("a", "u1", "-271000-01-01T00:00:00.000Z"),
      ];
      const kept = [
        received("a", "u1", after),
        received("a", "u1", "+275000-01-01T00:00:00.000Z"),
        received("a", "u2", before),
        received("a-b", "u1", before),
        received("A'; drop table erasures; --", "u1", before),
      ];
      expect(await engine.findErased([...erased, ...kept])).toEqual(new Set());
      await engine.eraseUser("a", "u1");
      await engine.eraseUser("a", hostile);
      await engine.eraseUser("b", "u1");
      expect(await engine.findErased([...erased, ...kept])).toEqual(new Set(erased));
      expect(await engine.findErased([])).toEqual(new Set());
    } finally {
      await close();
    }
  });
});
