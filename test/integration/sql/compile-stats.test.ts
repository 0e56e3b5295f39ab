import { randomUUID } from "node:crypto";
import fc from "fast-check";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type StatsKind,
  type StatsQuery,
  statsQuerySchema,
} from "../../../contract/stats-query.ts";
import { createEventTables, readData, readRows, reportAsOf } from "../../support/event-tables.ts";
import { type NaiveEvent, naiveStats } from "../../support/naive-stats.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

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

/** Around a year's end and a leap day. */
const start = fc.constantFrom("2023-12-18", "2024-02-19").map((date) => Date.parse(date));
/** Each lets another source answer. */
const offsets = {
  "whole days": fc.integer({ min: 0, max: 30 }).map((days) => days * DAY_MS),
  "whole hours": fc.integer({ min: 0, max: 30 * 24 }).map((hours) => hours * HOUR_MS),
  milliseconds: fc.integer({ min: 0, max: 30 * DAY_MS }),
};
const offset = fc.oneof(
  ...Object.values(offsets),
  // The last millisecond before a boundary.
  fc.integer({ min: 1, max: 30 }).map((days) => days * DAY_MS - 1),
);
const eventTypes = ["a", "B", "é", "\u{1f600}", "\uffee", "it's $1"];
const eventType = fc.constantFrom(...eventTypes);
const userId = fc.constantFrom("u1", "u2", "u3", "u4", "u5");
/** Half of the events lie within two hours of an end of the range, where a wrong source would take or leave them. */
const event = (ends: readonly number[]) => {
  const nearEnd = fc
    .tuple(fc.constantFrom(...ends), fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }))
    .map(([end, distance]) => end + distance);
  return fc.record({ occurredAtMs: fc.oneof(offset, nearEnd), eventType, userId });
};
const world = (end: fc.Arbitrary<number>) =>
  fc
    .tuple(end, end)
    .filter(([a, b]) => a !== b)
    .chain((ends) =>
      fc.record({
        start,
        events: fc.array(event(ends), { maxLength: 40 }),
        ends: fc.constant(ends),
        asOf: offset,
      }),
    );

const interval = fc.constantFrom("day", "week", "month");
const queries: Record<StatsKind, fc.Arbitrary<object>> = {
  active_users: fc.record({ interval }),
  top_events: fc.record({ limit: fc.integer({ min: 1, max: 7 }) }),
  events: fc.record(
    {
      interval: fc.constantFrom("minute", "hour", "day", "week", "month", "total"),
      event_type: eventType,
      measure: fc.constantFrom("events", "users"),
      breakdown: fc.constant("event_type"),
    },
    { requiredKeys: ["interval"] },
  ),
  retention: fc.record({ interval, periods: fc.integer({ min: 1, max: 9 }) }),
};

describe("compileStats() and toStatsData() agree with the definition", () => {
  const kinds = Object.keys(queries) as StatsKind[];
  const ends = Object.keys(offsets) as (keyof typeof offsets)[];
  const cases = kinds.flatMap((kind) => ends.map((end) => [kind, end] as const));
  it.each(cases)("%s from and to %s", async (kind, end) => {
    await fc.assert(
      fc.asyncProperty(
        world(offsets[end]),
        queries[kind],
        async ({ start, events, ends, asOf }, parameters) => {
          const projectId = randomUUID();
          const moved = events.map((one) => ({ ...one, occurredAtMs: start + one.occurredAtMs }));
          const query = toQuery(kind, start, ends, parameters);
          await insert(projectId, moved);
          expect(await readData(sql, projectId, query, start + asOf)).toEqual(
            naiveStats(query, moved, start + asOf),
          );
        },
      ),
      { numRuns: 60 },
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

function toQuery(
  kind: StatsKind,
  start: number,
  ends: readonly number[],
  parameters: object,
): StatsQuery {
  const [from = 0, to = 0] = ends.toSorted((a, b) => a - b).map((end) => start + end);
  const isMinutes = "interval" in parameters && parameters.interval === "minute";
  return statsQuerySchema.parse({
    kind,
    ...parameters,
    from: new Date(from).toISOString(),
    // No more minutes than are answered.
    to: new Date(isMinutes ? Math.min(to, from + DAY_MS) : to).toISOString(),
  });
}

async function insert(projectId: string, events: readonly NaiveEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ occurredAtMs, eventType, userId }) => ({
    project_id: projectId,
    event_id: randomUUID(),
    occurred_at: new Date(occurredAtMs).toISOString(),
    received_at: new Date(occurredAtMs).toISOString(),
    event_type: eventType,
    user_id: userId,
    properties: "{}",
  }));
  await sql`insert into events ${sql(rows)}`;
}
