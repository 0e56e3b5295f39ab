import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { createAggregates } from "../../../worker/timescale/aggregates.ts";
import { createRefresher, type Refresher } from "../../../worker/timescale/refresher.ts";
import { toRows } from "../../support/naive-rows.ts";
import { poll } from "../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { startTimescale, type TimescaleService } from "../../support/timescale.ts";
import { type ColdStack, logger, NEVER, openColdStack } from "./cold-stack.ts";

const DAY_MS = 86_400_000;
/** A Thursday, like 1970-01-01: chunks of seven days begin there. The floor lies inside one. */
const START_MS = Date.parse("2024-01-04T00:00:00Z");
const DAYS = 60;
const FLOOR_MS = START_MS + 37 * DAY_MS;

let database: TimescaleService;
let folder: TempDir;
let stack: ColdStack;
let refresher: Refresher;
const stop = new AbortController();
let running: Promise<void>;

beforeAll(async () => {
  [database, folder] = await Promise.all([startTimescale(), makeTempDir("cold")]);
  stack = await openColdStack(database.url, folder.path);
  const days = Array.from({ length: DAYS }, (_, day) => START_MS + day * DAY_MS);
  await stack.writer.write(
    toRows(
      "shop",
      days.flatMap((day) =>
        ["u1", "u2", `only-${day}`].map((userId, index) => ({
          occurredAtMs: day + index * 3_600_000,
          eventType: "view",
          userId,
        })),
      ),
    ),
  );
  refresher = createRefresher({
    sql: stack.sql,
    aggregates: createAggregates({ hourlyMs: 100, userDaysMs: 100 }),
    repairEveryMs: 3_600_000,
    onRepaired: async () => {},
    logger,
  });
  running = refresher.run(stop.signal);
  await poll("the first repair", () => refresher.isRepaired);
});
afterAll(async () => {
  stop.abort();
  await running;
  await stack?.close();
  await database?.stop();
  await folder?.remove();
});

describe("archiving from a hypertable", () => {
  it("drops whole chunks below the floor, and no answer misses them", async () => {
    const before = await readAll();
    expect(await stack.archiveUpTo(FLOOR_MS)).toBe(37 * 3);
    const [chunks] = await stack.sql<{ oldest: Date }[]>`
      select min(range_start) as oldest from timescaledb_information.chunks
      where hypertable_name = 'events'`;
    // The chunk that holds the floor stays, with rows that nobody reads.
    expect(chunks?.oldest.getTime()).toBe(START_MS + 35 * DAY_MS);
    expect(await readAll()).toEqual(before);
  });

  it("keeps the aggregates' history through refreshes of everything", async () => {
    const history = await countHistory();
    expect(history).toBe(35 * 3);
    // Dropping chunks has marked their time as changed: a refresh that is not held back computes it anew, from nothing.
    await refresher.refreshDays(Array.from({ length: DAYS }, (_, day) => START_MS + day * DAY_MS));
    expect(await countHistory()).toBe(history);
  });

  it("refreshes late rows above the floor as ever, and takes those below to files", async () => {
    const before = await readAll();
    const rows = toRows("shop", [
      { occurredAtMs: FLOOR_MS + 1, eventType: "view", userId: "new" },
      { occurredAtMs: FLOOR_MS - 1, eventType: "view", userId: "new" },
      { occurredAtMs: START_MS, eventType: "view", userId: "new" },
    ]);
    expect(await stack.writer.write([...rows, ...rows])).toEqual({ inserted: 3 });
    await refresher.refreshDays([FLOOR_MS - DAY_MS, FLOOR_MS]);
    const after = await readAll();
    expect(after.events).toBe(before.events + 3);
    expect(after.users).toBe(before.users + 1);
  });

  it("erases a user from the aggregates' history too", async () => {
    await stack.sql`
      insert into erasures (project_id, user_id, erased_at) values ('shop', 'u1', clock_timestamp())`;
    await stack.sql`delete from events where project_id = 'shop' and user_id = 'u1'`;
    expect(await stack.tier.eraseUser("shop", "u1")).toBe(37);
    const [left] = await stack.sql<{ rows: number }[]>`
      select count(*)::int as rows from user_days where user_id = 'u1' and bucket < ${new Date(FLOOR_MS)}`;
    expect(left?.rows).toBe(0);
  });
});

/** What the question with the most sources says. */
async function readAll(): Promise<{ users: number; events: number; days: unknown }> {
  const range = { from: "2024-01-01", to: "2024-06-01" };
  const ask = async (query: object) =>
    (await stack.tier.reader.readStats("shop", statsQuerySchema.parse(query), NEVER)).rows;
  const days = await ask({ kind: "active_users", interval: "day", ...range });
  const [events] = await ask({ kind: "events", interval: "total", ...range });
  const [users] = await ask({ kind: "events", interval: "total", measure: "users", ...range });
  const toValue = (row: object | undefined) =>
    row !== undefined && "value" in row ? Number(row.value) : 0;
  const byBucket = days.map((row) =>
    "bucket" in row && "users" in row ? [Date.parse(String(row.bucket)), row.users] : [],
  );
  return { users: toValue(users), events: toValue(events), days: byBucket.sort() };
}

async function countHistory(): Promise<number> {
  const [row] = await stack.sql<{ events: number }[]>`
    select coalesce(sum(events), 0)::int as events from user_days
    where bucket < ${new Date(START_MS + 35 * DAY_MS)}`;
  return row?.events ?? 0;
}
