import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCursor, eventPageQuerySchema, toEventPage } from "../../../contract/event-page.ts";
import type { PropertyFilter } from "../../../contract/property-filter.ts";
import { STATS_QUERY_SCHEMAS, type StatsKind } from "../../../contract/stats-query.ts";
import type { StoredEventRow } from "../../../contract/stored-event-row.ts";
import { duckDbDialect } from "../../../sql/duckdb/dialect.ts";
import { compileEventPage } from "../../../sql/events/page.ts";
import type { DuckDb } from "../../../worker/duckdb/database.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type NaiveEvent, naiveStats, passes } from "../../support/naive-stats.ts";
import { randomCase } from "../../support/random-cases.ts";
import { runs } from "../../support/thoroughness.ts";
import { insertRows, openMemoryEvents, readData } from "./memory-events.ts";

let database: DuckDb;

beforeAll(async () => {
  database = await openMemoryEvents();
});
afterAll(() => {
  database?.close();
});

describe("compileRows() for DuckDB and toStatsData() agree with the definition", () => {
  const kinds = Object.keys(STATS_QUERY_SCHEMAS) as StatsKind[];
  it.each(kinds)("%s", async (kind) => {
    await fc.assert(
      fc.asyncProperty(randomCase(kind), async ({ events, query, asOfMs }) => {
        const projectId = randomUUID();
        await insertRows(database, toRows(projectId, events));
        expect(await readData(database, projectId, query, asOfMs)).toEqual(
          naiveStats(query, events, asOfMs),
        );
      }),
      { numRuns: runs(50, 1_000) },
    );
  });
});

describe("compileEventPage() for DuckDB", () => {
  it("gives each event that passes once, newest first, over all pages", async () => {
    await fc.assert(
      fc.asyncProperty(
        randomCase("events"),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(undefined, "u1", "u\"5'"),
        async ({ events, query }, limit, user_id) => {
          const projectId = randomUUID();
          const rows = toRows(projectId, events);
          await insertRows(database, rows);
          const { from, to, event_type, filters } = query as PageParts;
          const parts = { from, to, event_type, user_id, filters, limit };
          const wanted = rows
            .filter((_, index) => isWanted(events[index], parts))
            .map(({ occurredAt, eventId }) => `${occurredAt} ${eventId}`);
          expect(await readAllPages(projectId, parts)).toEqual(wanted.toSorted().toReversed());
        },
      ),
      { numRuns: runs(50, 1_000) },
    );
  });

  it("returns times with their microseconds and properties as they were sent", async () => {
    const projectId = randomUUID();
    const [row] = toRows(projectId, [
      {
        occurredAtMs: 0,
        eventType: "a",
        userId: "u",
        properties: { b: [1e-7, "é\u{1f600}"], a: null },
      },
    ]);
    if (row === undefined) throw new Error("no row");
    await insertRows(database, [{ ...row, occurredAt: "1969-12-31T23:59:59.999999Z" }]);
    const query = eventPageQuerySchema.parse({});
    const found = await database.query<StoredEventRow>(
      compileEventPage(query, projectId, duckDbDialect),
    );
    expect(toEventPage(found, 1).events).toEqual([
      {
        event_id: row.eventId,
        occurred_at: "1969-12-31T23:59:59.999999Z",
        received_at: row.receivedAt,
        event_type: "a",
        user_id: "u",
        properties: { b: [1e-7, "é\u{1f600}"], a: null },
      },
    ]);
  });
});

describe("the text of a number", () => {
  // PostgreSQL writes out what JavaScript wrote with an exponent; such JSON comes back from the cold tier.
  it.each([
    ["0.0000001", "1e-7"],
    ["-0.00000000015", "-1.5e-10"],
    ["0.000001", "0.000001"],
    ["9007199254740991", "9007199254740991"],
    ["5", "5"],
  ])("of %s in JSON is %s", async (written, text) => {
    const statement = {
      text: `select ${duckDbDialect.textOf("$1")} as value from (select $2 as properties)`,
      params: ["/n", `{"n": ${written}}`],
    };
    expect(await database.query(statement)).toEqual([{ value: text }]);
  });
});

type PageParts = {
  readonly from: string;
  readonly to: string;
  readonly event_type: string | undefined;
  readonly filters: readonly PropertyFilter[];
};

function isWanted(
  event: NaiveEvent | undefined,
  parts: PageParts & { readonly user_id: string | undefined },
): boolean {
  return (
    event !== undefined &&
    event.occurredAtMs >= Date.parse(parts.from) &&
    event.occurredAtMs < Date.parse(parts.to) &&
    (parts.event_type === undefined || event.eventType === parts.event_type) &&
    (parts.user_id === undefined || event.userId === parts.user_id) &&
    passes(event, parts.filters)
  );
}

async function readAllPages(projectId: string, parts: PageParts): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = eventPageQuerySchema.parse({ ...parts, cursor });
    const statement = compileEventPage(query, projectId, duckDbDialect);
    const rows = await database.query<StoredEventRow>(statement);
    const { events, hasMore } = toEventPage(rows, query.limit);
    found.push(...events.map(({ occurred_at, event_id }) => `${occurred_at} ${event_id}`));
    const last = events.at(-1);
    if (!hasMore || last === undefined) return found;
    cursor = encodeCursor(last);
  }
}
