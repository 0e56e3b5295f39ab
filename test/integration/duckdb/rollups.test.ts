import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DuckDb, openDuckDb } from "../../../worker/duckdb/database.ts";
import { insertBatch } from "../../../worker/duckdb/insert-batch.ts";
import { migrate } from "../../../worker/duckdb/migrate.ts";
import {
  EVENTS_HOURLY,
  isMergeDue,
  mergeParts,
  ROLLUPS,
  USER_DAYS,
} from "../../../worker/duckdb/rollups.ts";
import {
  createWritingSession,
  type WritingSession,
} from "../../../worker/duckdb/writing-session.ts";
import { toRows } from "../../support/naive-rows.ts";

let database: DuckDb;
let session: WritingSession;

beforeEach(async () => {
  database = await openDuckDb({ path: ":memory:", threads: 1 });
  session = createWritingSession(await database.connect());
  await migrate(session, pino({ level: "silent" }));
});
afterEach(async () => {
  await session?.close();
  database?.close();
});

describe("mergeParts()", () => {
  const event = fc.record({
    occurredAtMs: fc.integer({ min: 0, max: 90 }).map((hours) => hours * 3_600_000),
    eventType: fc.constantFrom("a", "b"),
    userId: fc.constantFrom("u", "v"),
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.array(event, { maxLength: 8 }) },
    { weight: 1, arbitrary: fc.constantFrom(...ROLLUPS) },
  );

  it("changes no sum, whenever it runs, and leaves no parts", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        for (const one of steps) {
          await session.transaction(async (connection) => {
            if ("name" in one) await mergeParts(connection, one);
            else if (one.length > 0) await insertBatch(connection, toRows("p", one));
          });
          expect(await differences()).toEqual([]);
        }
        for (const rollup of ROLLUPS) {
          await session.transaction((connection) => mergeParts(connection, rollup));
          expect(await rows(`${rollup.name}_parts`)).toBe(0);
        }
        expect(await differences()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("leaves out what adds up to nothing", async () => {
    await run(`insert into events_hourly_parts values
      ('p', '2024-01-01', 'a', 2), ('p', '2024-01-01', 'a', -2), ('p', '2024-01-01', 'b', 1)`);
    await session.transaction((connection) => mergeParts(connection, EVENTS_HOURLY));
    expect(
      await database.query({ text: "select event_type from events_hourly", params: [] }),
    ).toEqual([{ event_type: "b" }]);
  });
});

describe("isMergeDue()", () => {
  it("is true once there are many parts, and half as many as would be written again", async () => {
    const isDue = () => session.exclusively((connection) => isMergeDue(connection, USER_DAYS));
    await addParts(99_999);
    expect(await isDue()).toBe(false);
    await addParts(1);
    expect(await isDue()).toBe(true);
    await run(`insert into user_days_merged
      select 'p', '2024-01-01', 'a', 'u' || i, 1 from range(200001) as r(i)`);
    expect(await isDue()).toBe(false);
    await addParts(1);
    expect(await isDue()).toBe(true);
  });
});

function addParts(count: number) {
  return run(`insert into user_days_parts
    select 'p', '2024-01-01', 'a', 'u' || i, 1 from range(${count}) as r(i)`);
}

function run(text: string) {
  return session.exclusively((connection) => connection.run(text));
}

async function rows(table: string): Promise<number> {
  const statement = { text: `select count(*) as n from ${table}`, params: [] };
  const [row] = await database.query<{ n: number }>(statement);
  return row?.n ?? 0;
}

/** Keys of which a rollup and the raw rows say different numbers. */
function differences(): Promise<object[]> {
  const text = `
    with expected as (
      select 'hour' as kind, date_trunc('hour', occurred_at) as bucket, event_type, '' as user_id, count(*) as n
      from events group by all
      union all
      select 'day', date_trunc('day', occurred_at), event_type, user_id, count(*) from events group by all
    ), found as (
      select 'hour' as kind, bucket, event_type, '' as user_id, sum(events) as n from events_hourly group by all
      union all
      select 'day', bucket, event_type, user_id, sum(events) from user_days group by all
    )
    (from expected except from found) union all (from found except from expected)`;
  return database.query<object>({ text, params: [] });
}
