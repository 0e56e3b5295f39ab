/**
 * Two projects with near names hold the same event ids at the same times, each with values of its own, written in the same batches. Random
 * questions over the worker's HTTP get the answers that each project would get from a store of its own.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toStatsData } from "../../../contract/stats-answer.ts";
import { STATS_QUERY_SCHEMAS, type StatsKind } from "../../../contract/stats-query.ts";
import type { StatsReading } from "../../../contract/stats-row.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { openClickHouseEngine } from "../../support/clickhouse-engine.ts";
import { startClickHouse } from "../../support/clickhouse-server.ts";
import type { EngineUnderTest } from "../../support/conformance.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type NaiveEvent, naiveStats } from "../../support/naive-stats.ts";
import { startPostgres } from "../../support/postgres.ts";
import { type RandomCase, randomCase, shiftCase } from "../../support/random-cases.ts";
import { runs } from "../../support/thoroughness.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";
import { openTiered } from "../cold/open-tiered.ts";
import { openDuckDbEngine } from "../duckdb/open-engine.ts";
import { serveEngine, type WorkerHttp } from "./serve-engine.ts";

const FLOOR_MS = Date.parse("2024-03-15T00:00:00Z");
const KINDS = Object.keys(STATS_QUERY_SCHEMAS) as StatsKind[];

const STORES: readonly { name: string; open: () => Promise<EngineUnderTest>; runs: number }[] = [
  { name: "DuckDB", open: () => openDuckDbEngine(), runs: runs(6, 300) },
  { name: "PostgreSQL", open: openPostgres, runs: runs(6, 300) },
  {
    name: "PostgreSQL and files",
    open: () => openTiered(startPostgres, FLOOR_MS),
    runs: runs(3, 100),
  },
  { name: "ClickHouse", open: openClickHouse, runs: runs(3, 100) },
];

type Project = {
  readonly id: string;
  readonly events: readonly NaiveEvent[];
  readonly rows: readonly EventRow[];
};

describe.each(STORES)("two mirrored projects in $name", (store) => {
  let tested: EngineUnderTest;
  let http: WorkerHttp;
  let write: (rows: readonly EventRow[]) => Promise<unknown>;
  let pairs = 0;

  beforeAll(async () => {
    tested = await store.open();
    http = await serveEngine(tested.engine);
    const writer = tested.engine.openWriter(1);
    write = (rows) => writer.write(rows);
  });
  afterAll(async () => {
    await http?.close();
    await tested?.close();
  });

  /** The second project has other users, types and properties at the same ids and times, and not all of them. */
  async function plant(events: readonly NaiveEvent[]): Promise<readonly [Project, Project]> {
    pairs += 1;
    const [id, otherId] = [`m${pairs}`, `m${pairs}-b`];
    const rows = toRows(id, events);
    const others = events.map(({ occurredAtMs }, index) => {
      const next = events[(index + 1) % events.length];
      return { ...next, properties: { plan: "pro", ...next?.properties }, occurredAtMs };
    }) as NaiveEvent[];
    const otherRows = toRows(otherId, others).map((row, index) => ({
      ...row,
      eventId: rows[index]?.eventId ?? "",
    }));
    const isKept = (_: unknown, index: number) => index % 3 !== 2;
    const other = {
      id: otherId,
      events: others.filter(isKept),
      rows: otherRows.filter(isKept),
    };
    const mixed = rows.flatMap((row, index) =>
      [row, otherRows[index]].filter((one, side) => one && (side === 0 || isKept(one, index))),
    ) as EventRow[];
    if (mixed.length > 0) await write(mixed);
    if (mixed.length > 3) await write(mixed.slice(1, mixed.length >> 1));
    return [{ id, events, rows }, other];
  }

  const moved = (one: RandomCase) =>
    tested.floorMs === undefined ? one : shiftCase(one, tested.floorMs - one.boundaryMs);

  it.each(KINDS)("random questions: %s", { timeout: 300_000 }, async (kind) => {
    await fc.assert(
      fc.asyncProperty(randomCase(kind), async (given) => {
        const { events, query, asOfMs } = moved(given);
        const projects = await plant(events);
        await Promise.all(
          projects.map(async ({ id, events: own }) => {
            const { rows } = await http.query<StatsReading>(id, { read: "stats", query });
            expect(toStatsData(query, rows, asOfMs), id).toEqual(naiveStats(query, own, asOfMs));
          }),
        );
      }),
      { numRuns: store.runs },
    );
  });

  it("pages, single events and what is stored are the project's own", {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(randomCase("events"), async (given) => {
        const projects = await plant(moved(given).events);
        await Promise.all(projects.map((project) => expectOwnRows(http, project, projects)));
      }),
      { numRuns: Math.ceil(store.runs / 3) },
    );
  });
});

type Found = { readonly events: readonly { event_id: string; user_id: string }[] };

async function expectOwnRows(
  http: WorkerHttp,
  { id, rows }: Project,
  projects: readonly Project[],
): Promise<void> {
  const own = new Map(rows.map((row) => [row.eventId, row]));
  const page = await http.query<Found>(id, { read: "page", query: { limit: 1_000 } });
  expect(page.events.map(toComparable).sort()).toEqual(rows.map(fromRow).sort());
  const ids = [...new Set(projects.flatMap((project) => project.rows.map((row) => row.eventId)))];
  if (ids.length === 0) return;
  for (const event_id of ids.slice(0, 5)) {
    const row = own.get(event_id);
    const { events } = await http.query<Found>(id, { read: "event", event_id });
    expect(events.map(toComparable)).toEqual(row === undefined ? [] : [fromRow(row)]);
  }
  for (const withTime of [true, false]) {
    const wanted = ids.map((event_id) => {
      const row = projects
        .flatMap((project) => project.rows)
        .find((one) => one.eventId === event_id);
      return withTime ? { event_id, occurred_at: row?.occurredAt } : { event_id };
    });
    expect(await http.query(id, { read: "stored", wanted })).toEqual({ stored: own.size });
  }
}

function fromRow(row: EventRow): string {
  return `${row.eventId} ${row.eventType} ${row.userId} ${canonical(JSON.parse(row.propertiesJson))}`;
}

function toComparable(event: object): string {
  const { event_id, event_type, user_id, properties } = event as Record<string, unknown>;
  return `${event_id} ${event_type} ${user_id} ${canonical(properties)}`;
}

/** Keys in one order, since jsonb has one of its own. */
function canonical(properties: unknown): string {
  return JSON.stringify(Object.entries(properties as object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function openPostgres(): Promise<EngineUnderTest> {
  const server = await startPostgres();
  const engine = await openTimescaleEngine(server.url);
  return {
    engine,
    async close() {
      await engine.close();
      await server.stop();
    },
  };
}

async function openClickHouse(): Promise<EngineUnderTest> {
  const server = await startClickHouse();
  const engine = await openClickHouseEngine(server.url);
  return {
    engine,
    async close() {
      await engine.close();
      await server.stop();
    },
  };
}
