import { randomUUID } from "node:crypto";
import { pino } from "pino";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventPageQuerySchema } from "../../../contract/event-page.ts";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { compileEventPage } from "../../../sql/events/page.ts";
import { compileStats } from "../../../sql/timescale/compile-stats.ts";
import { createTimescaleDialect } from "../../../sql/timescale/dialect.ts";
import { keepOptionalIndexes } from "../../../worker/timescale/optional-indexes.ts";
import { createEventTables, insertEvents } from "../../support/event-tables.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";

let server: PostgresService;
let sql: Sql;
const logger = pino({ level: "silent" });

beforeAll(async () => {
  server = await startPostgres();
  sql = postgres(server.url, { max: 1, onnotice: () => {} });
  await createEventTables(sql);
  const events = Array.from({ length: 5_000 }, (_, index) => ({
    occurredAtMs: Date.parse("2024-03-01") + index * 1_000,
    eventType: "a",
    userId: `u${index % 50}`,
    properties: { plan: `p${index % 500}`, "it's": index % 2 === 0 },
  }));
  await insertEvents(sql, "shop", events);
  await insertEvents(sql, "other", events);
});
afterAll(async () => {
  await sql?.end();
  await server?.stop();
});

const indexes = async () => {
  const rows = await sql<{ indexname: string }[]>`
    select indexname from pg_indexes
    where tablename = 'events' and indexname ~ 'hot|properties' order by 1`;
  return rows.map(({ indexname }) => indexname);
};
const planOf = async (hasPropertiesIndex: boolean) => {
  const query = statsQuerySchema.parse({
    kind: "events",
    interval: "total",
    from: "2024-03-01",
    to: "2024-03-02",
    filters: [{ field: "properties.plan", op: "eq", value: "p7" }],
  });
  const dialect = createTimescaleDialect({ hasPropertiesIndex });
  const { text, params } = compileStats(query, "shop", dialect);
  await sql`analyze events`;
  const rows = await sql.unsafe(`explain ${text}`, [...params]);
  return JSON.stringify(rows);
};

describe("keepOptionalIndexes()", () => {
  it("makes an index that a filter by a hot property uses, and drops it when it is not wanted any more", async () => {
    const hotProperties = [
      { projectId: "shop", key: "plan" },
      { projectId: "shop", key: "it's" },
      { projectId: "shop", key: "k".repeat(300) },
    ];
    expect(await planOf(false)).not.toContain("events_hot_");
    await keepOptionalIndexes(
      sql,
      { hotProperties, hasPropertiesIndex: false, hasUserIndex: false },
      logger,
    );
    expect(await indexes()).toHaveLength(3);
    expect(await planOf(false)).toContain("events_hot_");
    await keepOptionalIndexes(
      sql,
      { hotProperties, hasPropertiesIndex: false, hasUserIndex: false },
      logger,
    );
    expect(await indexes()).toHaveLength(3);
    await keepOptionalIndexes(
      sql,
      { hotProperties: [], hasPropertiesIndex: false, hasUserIndex: false },
      logger,
    );
    expect(await indexes()).toEqual([]);
  });

  it("makes an index on all properties that containment uses", async () => {
    await keepOptionalIndexes(
      sql,
      { hotProperties: [], hasPropertiesIndex: true, hasUserIndex: false },
      logger,
    );
    expect(await indexes()).toEqual(["events_properties_idx"]);
    expect(await planOf(true)).toContain("events_properties_idx");
    await keepOptionalIndexes(
      sql,
      { hotProperties: [], hasPropertiesIndex: false, hasUserIndex: false },
      logger,
    );
    expect(await indexes()).toEqual([]);
  });
});

it("keepOptionalIndexes() makes an index that a user's timeline uses", async () => {
  const planOfTimeline = async () => {
    const query = eventPageQuerySchema.parse({ user_id: "u7", limit: 5 });
    const { text, params } = compileEventPage(query, "shop", createTimescaleDialect());
    await sql`analyze events`;
    return JSON.stringify(await sql.unsafe(`explain ${text}`, [...params]));
  };
  expect(await planOfTimeline()).not.toContain("events_by_user_idx");
  const none = { hotProperties: [], hasPropertiesIndex: false };
  await keepOptionalIndexes(sql, { ...none, hasUserIndex: true }, logger);
  expect(await planOfTimeline()).toContain("events_by_user_idx");
  await keepOptionalIndexes(sql, { ...none, hasUserIndex: false }, logger);
  expect(await planOfTimeline()).not.toContain("events_by_user_idx");
});

it("a project that does not exist has no events in any index", async () => {
  await keepOptionalIndexes(
    sql,
    {
      hotProperties: [{ projectId: "shop", key: "plan" }],
      hasPropertiesIndex: false,
      hasUserIndex: false,
    },
    logger,
  );
  const [row] = await sql`
    select count(*)::int as events from events
    where project_id = ${randomUUID()} and properties->>'plan' = 'p7'`;
  expect(row?.events).toBe(0);
});
