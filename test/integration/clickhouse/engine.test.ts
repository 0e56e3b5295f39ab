import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_FILTER_VALUES, MAX_FILTERS } from "../../../contract/property-filter.ts";
import type { StoredEvent } from "../../../contract/receipt.ts";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { type ClickHouse, connectClickHouse } from "../../../worker/clickhouse/database.ts";
import type { Engine, EventWriter } from "../../../worker/engine.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { openClickHouseEngine } from "../../support/clickhouse-engine.ts";
import { type ClickHouseService, startClickHouse } from "../../support/clickhouse-server.ts";
import { toRows } from "../../support/naive-rows.ts";
import { poll } from "../../support/poll.ts";

const NEVER = new AbortController().signal;
const DAY = Date.parse("2024-03-01T00:00:00Z");
const RANGE = { from: "2024-03-01T00:00:00Z", to: "2024-03-02T00:00:00Z" };

let server: ClickHouseService;
let engine: Engine;
let writer: EventWriter;
/** What an operator would see, past the engine. */
let clickHouse: ClickHouse;

beforeAll(async () => {
  server = await startClickHouse();
  engine = await openClickHouseEngine(server.url);
  writer = engine.openWriter(4);
  const { url } = server;
  clickHouse = connectClickHouse({ url, user: "default", password: "", database: "sluice" });
});
afterAll(async () => {
  await clickHouse?.close();
  await engine?.close();
  await server?.stop();
});

describe("write()", () => {
  it("has one row an event in every answer, before its repeats are merged", async () => {
    const projectId = randomUUID();
    const rows = makeRows(projectId, 300);
    await writer.write(rows);
    for (const some of [rows.slice(0, 200), rows.slice(100), rows.slice(50, 150)]) {
      await writer.write(some);
    }
    expect(await countStored(projectId)).toBeGreaterThan(300);
    expect(await countEvents(projectId)).toBe(300);
    const query = statsQuerySchema.parse({ kind: "top_events", ...RANGE });
    const { rows: top } = await engine.reader.readStats(projectId, query, NEVER);
    expect(top).toEqual([{ event_type: "a", events: 300, users: 10 }]);
  });

  it("adds nothing when a batch is sent again as it was", async () => {
    const projectId = randomUUID();
    const rows = makeRows(projectId, 50);
    for (let times = 0; times < 3; times += 1) await writer.write(rows);
    expect(await countStored(projectId)).toBe(50);
  });

  it.each(["first", "last"])(
    "keeps the event that was received first, written %s",
    async (order) => {
      const projectId = randomUUID();
      const [row] = makeRows(projectId, 1);
      if (row === undefined) throw new TypeError("no row");
      const repeat = { ...row, userId: "other", receivedAt: after(row.receivedAt) };
      for (const one of order === "first" ? [row, repeat] : [repeat, row])
        await writer.write([one]);
      const page = await engine.reader.readPage(projectId, { filters: [], limit: 10 }, NEVER);
      expect(page.events.map((event) => event.user_id)).toEqual([row.userId]);
      const ofOther = { user_id: "other", filters: [], limit: 10 };
      expect((await engine.reader.readPage(projectId, ofOther, NEVER)).events).toEqual([]);
    },
  );

  it("takes events of more months than ClickHouse allows in one insert by itself", async () => {
    const projectId = randomUUID();
    const months = Array.from({ length: 150 }, (_, month) => Date.UTC(2010, month, 3));
    const rows = toRows(
      projectId,
      months.map((occurredAtMs) => ({ occurredAtMs, eventType: "a", userId: "u" })),
    );
    expect(await writer.write(rows)).toEqual({ inserted: 150 });
    expect((await readAll(projectId)).length).toBe(150);
  });

  it.each([
    ["a time", { occurredAt: "yesterday" }, /Cannot (parse|read) DateTime/i],
    ["an id", { eventId: "no-uuid" }, /UUID/],
  ] as const)("names as data what is not %s", async (_name, wrong, message) => {
    const [good, bad] = makeRows(randomUUID(), 2);
    if (good === undefined || bad === undefined) throw new TypeError("no rows");
    const error = await writer.write([good, { ...bad, ...wrong }]).catch((cause: Error) => cause);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect(engine.kindOf(error)).toBe("data");
    expect(await writer.write([good])).toEqual({ inserted: 1 });
  });

  it("keeps quotes, tabs, line ends and backslashes as they are", async () => {
    const projectId = randomUUID();
    const text = "it's \"\\N\\t\t\r\n {p1:String} \u{1f600}\u2028";
    const properties = { [text]: text };
    const event = { occurredAtMs: DAY, eventType: text, userId: text, properties };
    await writer.write(toRows(projectId, [event]));
    const { events } = await engine.reader.readPage(
      projectId,
      { event_type: text, user_id: text, filters: [], limit: 1 },
      NEVER,
    );
    expect(events).toMatchObject([{ event_type: text, user_id: text, properties }]);
  });
});

describe("reader", () => {
  it("counts which of many events have a row, with and without their time", async () => {
    const projectId = randomUUID();
    const rows = makeRows(projectId, 1_500);
    await writer.write(rows);
    await writer.write(rows.slice(0, 700));
    const wanted = [
      ...rows.map(({ eventId, occurredAt }) => ({ eventId, occurredAt })),
      ...rows.slice(0, 3).map(({ eventId }) => ({ eventId, occurredAt: undefined })),
      { eventId: randomUUID(), occurredAt: undefined },
      { eventId: randomUUID(), occurredAt: RANGE.from },
      { eventId: rows[0]?.eventId ?? "", occurredAt: "2024-03-01T00:00:00.000001Z" },
    ];
    expect(await engine.reader.countStored(projectId, wanted, NEVER)).toBe(1_503);
    expect(await engine.reader.countStored(randomUUID(), wanted, NEVER)).toBe(0);
  });

  it("finds an event by its id, with microseconds, in a range and without one", async () => {
    const projectId = randomUUID();
    const [row] = makeRows(projectId, 1);
    if (row === undefined) throw new TypeError("no row");
    const times = ["2024-03-01T10:00:00.123456Z", "2024-03-02T10:00:00+02:00"];
    await writer.write(times.map((occurredAt) => ({ ...row, occurredAt })));
    const find = async (range?: typeof RANGE) => {
      const { events } = await engine.reader.findEvent(projectId, row.eventId, range, NEVER);
      return events.map((event) => event.occurred_at);
    };
    expect(await find()).toEqual(["2024-03-02T08:00:00.000Z", times[0]]);
    expect(await find(RANGE)).toEqual([times[0]]);
    expect(await find({ from: "0001-01-01T00:00:00Z", to: "9999-12-31T00:00:00Z" })).toHaveLength(
      2,
    );
  });

  it("exports every event once, in pieces, with many of one time", async () => {
    const projectId = randomUUID();
    const rows = makeRows(projectId, 4_500).map((row, index) => ({
      ...row,
      occurredAt: index < 2_500 ? RANGE.from : row.occurredAt,
    }));
    await writer.write(rows);
    await writer.write(rows.slice(1_000, 3_500));
    const found = await readAll(projectId);
    expect(found.length).toBe(4_500);
    expect(new Set(found.map((event) => event.event_id)).size).toBe(4_500);
    const days = found.map((event) => event.occurred_at.slice(0, 10));
    expect(days).toEqual(days.toSorted());
  });

  it("answers with as many filters as a question may have", async () => {
    const projectId = randomUUID();
    await writer.write(makeRows(projectId, 10));
    // Numbers that JavaScript writes otherwise take the longest conditions.
    const values = Array.from({ length: MAX_FILTER_VALUES }, (_, index) => `${index}.0`);
    const field = "properties.index";
    const filters = Array.from({ length: MAX_FILTERS }, (_, index) => ({
      field,
      op: "in",
      value: values.with(50, `${index}é`.repeat(300)),
    }));
    const total = { kind: "events", interval: "total", ...RANGE };
    const query = statsQuerySchema.parse({ ...total, filters });
    const { rows } = await engine.reader.readStats(projectId, query, NEVER);
    expect(rows).toMatchObject([{ value: 10 }]);
  });

  it("refuses to write", async () => {
    const text = "insert into erasures select 'p', 'u', now()";
    await expect(clickHouse.read({ text, params: [] }, NEVER)).rejects.toMatchObject({
      type: "READONLY",
    });
  });

  it("stops ClickHouse when the asker has gone", async () => {
    const asker = new AbortController();
    const text = "select max(sipHash64(number)) from numbers(100000000000)";
    const reading = clickHouse.read({ text, params: [] }, asker.signal);
    const running =
      "select count() as queries from system.processes where query like '%100000000000%'";
    const countRunning = async () =>
      (await clickHouse.ask<{ queries: number }>(`${running} and query not like '%system%'`))[0]
        ?.queries;
    await poll("the query run", async () => (await countRunning()) === 1);
    asker.abort(new Error("gone"));
    await expect(reading).rejects.toThrow("gone");
    await poll("the query end", async () => (await countRunning()) === 0);
  });
});

describe("eraseUser()", () => {
  it("removes what was received before, and keeps it away", async () => {
    const projectId = randomUUID();
    const rows = makeRows(projectId, 100).map((row) => ({ ...row, receivedAt: RANGE.from }));
    await writer.write(rows);
    await writer.write(rows.slice(0, 60));
    const erasure = await engine.eraseUser(projectId, "user-3");
    expect(erasure.removed).toEqual({ hot: 10 });
    expect(await countEvents(projectId)).toBe(90);
    expect(await countStored(projectId, "user-3")).toBe(0);

    expect(await writer.write(rows)).toEqual({ inserted: 90 });
    expect(await countEvents(projectId)).toBe(90);
    expect((await engine.eraseUser(projectId, "user-3")).removed).toEqual({ hot: 0 });
  });

  it("leaves other projects and users alone, and lets the user begin anew", async () => {
    const [projectId, other] = [randomUUID(), randomUUID()];
    const early = [...makeRows(projectId, 20), ...makeRows(other, 20)];
    await writer.write(early.map((row) => ({ ...row, receivedAt: RANGE.from })));
    const { erased_at } = await engine.eraseUser(projectId, "user-3");
    expect(await countEvents(other)).toBe(20);
    const later = makeRows(projectId, 20).map((row) => ({ ...row, receivedAt: after(erased_at) }));
    expect(await writer.write(later)).toEqual({ inserted: 20 });
    expect(await countEvents(projectId)).toBe(18 + 20);
  });

  it("holds for a worker that has looked at the tombstones before", async () => {
    const projectId = randomUUID();
    const elsewhere = await openClickHouseEngine(server.url);
    const other = elsewhere.openWriter(1);
    const [row, ...rows] = makeRows(projectId, 20).map((one) => ({
      ...one,
      receivedAt: RANGE.from,
    }));
    if (row === undefined) throw new TypeError("no row");
    await other.write([row]);
    await engine.eraseUser(projectId, "user-3");
    expect(await other.write(rows)).toEqual({ inserted: 17 });
    await elsewhere.close();
  });

  it("removes on redelivery what a worker that was killed had inserted behind its back", async () => {
    const projectId = randomUUID();
    const rows = makeRows(projectId, 20).map((row) => ({ ...row, receivedAt: RANGE.from }));
    await engine.eraseUser(projectId, "user-3");
    await clickHouse.insert("events", COLUMNS, rows.map(toValues));
    expect(await countStored(projectId, "user-3")).toBe(2);
    await writer.write(rows);
    expect(await countStored(projectId, "user-3")).toBe(0);
    expect(await countEvents(projectId)).toBe(18);
  });

  it("leaves no row when several workers write at the same time", async () => {
    const engines = await Promise.all([1, 2].map(() => openClickHouseEngine(server.url)));
    const projectId = randomUUID();
    let isErased = false;
    const writing = engines.map(async (one) => {
      const own = one.openWriter(1);
      do {
        // Received before the erasure, whenever they are written.
        await own.write(makeRows(projectId, 40).map((row) => ({ ...row, receivedAt: RANGE.from })));
      } while (!isErased);
    });
    await poll("rows", async () => (await countStored(projectId, "user-3")) > 0);
    for (let times = 0; times < 5; times += 1) {
      await engine.eraseUser(projectId, "user-3");
      await delay(20);
    }
    isErased = true;
    await Promise.all(writing);
    expect(await countStored(projectId, "user-3")).toBe(0);
    expect(await countStored(projectId, "user-4")).toBeGreaterThan(0);
    await Promise.all(engines.map((one) => one.close()));
  });
});

describe("a server that is killed", () => {
  it("loses nothing that was acknowledged, and takes the rest again", async () => {
    const projectId = randomUUID();
    const batches = Array.from({ length: 60 }, () => makeRows(projectId, 200));
    for (let kills = 0, next = 0; kills < 3; kills += 1) {
      const from = next;
      next += 20;
      const written = batches.slice(from, next).map((rows, index) => writeUntilDone(rows, index));
      await delay(30 + kills * 60);
      await server.kill();
      await server.restart();
      await Promise.all(written);
    }
    expect(await countEvents(projectId)).toBe(60 * 200);
  });

  it("is retryable while it is away, and unhealthy", async () => {
    await server.kill();
    const error = await writer.write(makeRows(randomUUID(), 1)).catch((cause: Error) => cause);
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
    expect(engine.kindOf(error)).toBe("retryable");
    await expect(engine.checkHealth()).rejects.toThrow();
    await server.restart();
    await engine.checkHealth();
  });

  it("does not hold a reader whose time is over while it hangs", async () => {
    process.kill(server.pid(), "SIGSTOP");
    try {
      const query = statsQuerySchema.parse({ kind: "top_events", ...RANGE });
      const signal = AbortSignal.timeout(200);
      await expect(engine.reader.readStats("p", query, signal)).rejects.toThrow("timeout");
    } finally {
      process.kill(server.pid(), "SIGCONT");
    }
  });
});

/** As the worker does: with other errors than those that may pass it fails. */
async function writeUntilDone(rows: readonly EventRow[], index: number): Promise<void> {
  await delay(index * 10);
  await poll("the batch written", async () => {
    try {
      await writer.write(rows);
      return true;
    } catch (error) {
      if (engine.kindOf(error) !== "retryable") throw new Error("not retryable", { cause: error });
      return false;
    }
  });
}

/** On 2024-03-01, of ten users. */
function makeRows(projectId: string, count: number): EventRow[] {
  const events = Array.from({ length: count }, (_, index) => ({
    occurredAtMs: DAY + index * 1_000,
    eventType: "a",
    userId: `user-${index % 10}`,
    properties: { index },
  }));
  return toRows(projectId, events);
}

function after(instant: string): string {
  return new Date(Date.parse(instant) + 1_000).toISOString();
}

const COLUMNS = ["project_id", "event_id", "occurred_at", "received_at", "event_type", "user_id"];

function toValues(row: EventRow): string[] {
  const { projectId, eventId, occurredAt, receivedAt, eventType, userId } = row;
  return [projectId, eventId, occurredAt, receivedAt, eventType, userId];
}

/** As the API counts. */
async function countEvents(projectId: string): Promise<number> {
  const query = statsQuerySchema.parse({ kind: "events", interval: "total", ...RANGE });
  const { rows } = await engine.reader.readStats(projectId, query, NEVER);
  const [row] = rows as readonly { value: number }[];
  return row?.value ?? 0;
}

/** With repeats that are not merged yet. */
async function countStored(projectId: string, userId?: string): Promise<number> {
  const [row] = await clickHouse.ask<{ stored: number }>(
    "select count() as stored from events where project_id = {project:String} and ({user:String} = '' or user_id = {user:String})",
    { project: projectId, user: userId ?? "" },
  );
  return row?.stored ?? 0;
}

async function readAll(projectId: string): Promise<StoredEvent[]> {
  const range = { from: "1990-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" };
  const events: StoredEvent[] = [];
  for await (const piece of engine.reader.exportEvents(projectId, range, NEVER)) {
    events.push(...piece);
  }
  return events;
}
