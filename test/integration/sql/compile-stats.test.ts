import { randomUUID } from "node:crypto";
import fc from "fast-check";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  STATS_QUERY_SCHEMAS,
  type StatsKind,
  statsQuerySchema,
} from "../../../contract/stats-query.ts";
import {
  createEventTables,
  insertEvents,
  readData,
  readRows,
  reportAsOf,
} from "../../support/event-tables.ts";
import { naiveStats } from "../../support/naive-stats.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { randomCase } from "../../support/random-cases.ts";
import { runs } from "../../support/thoroughness.ts";

let server: PostgresService;
let sql: Sql;

beforeAll(async () => {
  server = await startPostgres();
  sql = postgres(server.url, { max: 1, connection: { TimeZone: "America/St_Johns" } });
  await createEventTables(sql);
});
afterAll(async () => {
  await sql?.end();
  await server?.stop();
});

describe("compileStats() and toStatsData() agree with the definition", () => {
  const kinds = Object.keys(STATS_QUERY_SCHEMAS) as StatsKind[];
  it.each(kinds)("%s", async (kind) => {
    await fc.assert(
      fc.asyncProperty(randomCase(kind), async ({ events, query, asOfMs }) => {
        const projectId = randomUUID();
        await insertEvents(sql, projectId, events);
        expect(await readData(sql, projectId, query, asOfMs)).toEqual(
          naiveStats(query, events, asOfMs),
        );
      }),
      { numRuns: runs(50, 1_000) },
    );
  });
});

describe("compileStats()", () => {
  const query = statsQuerySchema.parse({
    kind: "top_events",
    from: "2024-01-01",
    to: "2024-02-01",
  });

  it("returns an empty list for a project without events", async () => {
    expect((await readRows(sql, "nobody", query)).rows).toEqual([]);
  });

  it("returns null as as_of while no worker has reported", async () => {
    expect((await readRows(sql, "nobody", query)).asOf).toBeNull();
  });

  it("returns as_of as text with an offset", async () => {
    await reportAsOf(sql, "2024-03-01T10:00:00.125Z");
    const { asOf } = await readRows(sql, "nobody", query);
    expect(Date.parse(String(asOf))).toBe(Date.parse("2024-03-01T10:00:00.125Z"));
  });
});
