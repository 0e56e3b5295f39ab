import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventPageQuerySchema } from "../../../contract/event-page.ts";
import { toStatsData } from "../../../contract/stats-answer.ts";
import { type StatsQuery, statsQuerySchema } from "../../../contract/stats-query.ts";
import { openDuckDb } from "../../../worker/duckdb/database.ts";
import { createDuckDbEngine } from "../../../worker/duckdb/duckdb-engine.ts";
import type { EventWriter } from "../../../worker/engine.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type NaiveEvent, naiveStats } from "../../support/naive-stats.ts";
import { type OpenedEngine, openDuckDbEngine } from "./open-engine.ts";

const NEVER = new AbortController().signal;
const START_MS = Date.parse("2024-02-28T22:00:00Z");
const ALL = { from: "2024-01-01T00:00:00Z", to: "2025-01-01T00:00:00Z" };

let opened: OpenedEngine;
let writer: EventWriter;

beforeEach(async () => {
  opened = await openDuckDbEngine();
  writer = opened.engine.openWriter(2);
});
afterEach(() => opened?.close());

describe("write()", () => {
  it("stores each event once, in whatever batches it comes", async () => {
    const rows = toRows("p", events(3_000));
    expect(await writer.write([...rows.slice(0, 2_000), ...rows.slice(0, 500)])).toEqual({
      inserted: 2_000,
    });
    expect(await writer.write(rows.slice(0, 2_000))).toEqual({ inserted: 0 });
    expect(await writer.write(rows.slice(1_500))).toEqual({ inserted: 1_000 });
    const results = await Promise.all([1, 2, 3].map(() => writer.write(rows)));
    expect(results.map(({ inserted }) => inserted)).toEqual([0, 0, 0]);
    expect(await total("p")).toBe(3_000);
    await expectAnswers("p", events(3_000));
  });

  it("takes the same id with another time, and in another project, as another event", async () => {
    const [row] = toRows("p", events(1));
    if (row === undefined) throw new Error("no row");
    const others = [
      { ...row, occurredAt: "2024-02-28T22:00:00.000001Z" },
      { ...row, projectId: "q" },
      { ...row, eventId: row.eventId.toUpperCase() },
    ];
    expect(await writer.write([row, ...others])).toEqual({ inserted: 3 });
  });

  it.each<[string, Partial<EventRow>]>([
    ["an id that is none", { eventId: "not-a-uuid" }],
    ["a time that is none", { occurredAt: "2024-02-30T00:00:00.000Z" }],
    ["a time out of range", { occurredAt: "300000-01-01T00:00:00Z" }],
    ["a receipt that is none", { receivedAt: "yesterday" }],
    ["properties that are no JSON", { propertiesJson: '{"a":' }],
    ["a lone surrogate", { propertiesJson: '{"a":"\\ud800"}' }],
  ])("refuses a batch with %s as data, and stores nothing of it", async (_, fault) => {
    const rows = toRows("p", events(10));
    const [row] = rows;
    if (row === undefined) throw new Error("no row");
    const bad = { ...row, eventId: randomUUID(), ...fault };
    const error = await writer.write([...rows, bad]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    expect(opened.engine.kindOf(error)).toBe("data");
    expect(await total("p")).toBe(0);
    expect(await writer.write(rows)).toEqual({ inserted: 10 });
    await expectAnswers("p", events(10));
  });
});

describe("prepare()", () => {
  it("opens the same file again with everything in it", async () => {
    await writer.write(toRows("p", events(500)));
    await opened.engine.close();
    const again = createDuckDbEngine({ path: opened.path, logger: pino({ level: "silent" }) });
    try {
      await again.prepare();
      const { rows } = await again.reader.readStats("p", TOTAL, NEVER);
      expect(rows).toEqual([{ bucket: ALL.from, value: 500 }]);
    } finally {
      await again.close();
    }
  });

  it("refuses a schema whose file has changed, for good", async () => {
    await opened.engine.close();
    const database = await openDuckDb({ path: opened.path });
    const text = "update sluice_migrations set checksum = 'other' where name = '0002_rollups'";
    await database.query({ text, params: [] });
    database.close();
    const again = createDuckDbEngine({ path: opened.path, logger: pino({ level: "silent" }) });
    try {
      const error = await again.prepare().catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        message: 'Cannot migrate: "0002_rollups" was applied and its file has changed since',
      });
      expect(again.isPermanent(error)).toBe(true);
    } finally {
      await again.close();
    }
  });

  it("says what is wrong with a file that is no database, and does not touch it", async () => {
    const path = join(import.meta.dirname, "duckdb-engine.test.ts");
    const engine = createDuckDbEngine({ path, logger: pino({ level: "silent" }) });
    await expect(engine.prepare()).rejects.toThrow(/not a valid DuckDB database file/);
    await engine.close();
  });
});

describe("the reader", () => {
  it("finds an event by its id, newest first, with and without a range", async () => {
    const [row] = toRows("p", events(1));
    if (row === undefined) throw new Error("no row");
    const later = { ...row, occurredAt: "2024-03-01T00:00:00.000123Z" };
    await writer.write([row, later, { ...row, projectId: "q" }, ...toRows("p", events(50))]);
    const { reader } = opened.engine;
    const id = row.eventId.toUpperCase();
    const { events: found, asOf } = await reader.findEvent("p", id, undefined, NEVER);
    expect(found.map((event) => event.occurred_at)).toEqual([later.occurredAt, row.occurredAt]);
    expect(found[1]).toEqual({
      event_id: row.eventId,
      occurred_at: row.occurredAt,
      received_at: row.receivedAt,
      event_type: row.eventType,
      user_id: row.userId,
      properties: JSON.parse(row.propertiesJson),
    });
    expect(asOf).toBeNull();
    const range = { from: "2024-02-01T00:00:00Z", to: "2024-03-01T00:00:00Z" };
    const inRange = await reader.findEvent("p", id, range, NEVER);
    expect(inRange.events).toHaveLength(1);
    expect((await reader.findEvent("p", randomUUID(), undefined, NEVER)).events).toEqual([]);
  });

  it("counts which events have a row, by time and without", async () => {
    const rows = toRows("p", events(2_000));
    await writer.write(rows);
    const wanted = rows.map(({ eventId, occurredAt }) => ({ eventId, occurredAt }));
    const { reader } = opened.engine;
    const [first, second, third] = wanted;
    if (!first || !second || !third) throw new Error("no rows");
    expect(await reader.countStored("p", wanted, NEVER)).toBe(2_000);
    expect(await reader.countStored("q", wanted, NEVER)).toBe(0);
    const mixed = [
      { ...first, occurredAt: undefined },
      second,
      { ...third, occurredAt: "2024-02-28T22:00:00.000007Z" },
      { eventId: randomUUID(), occurredAt: undefined },
    ];
    expect(await reader.countStored("p", mixed, NEVER)).toBe(2);
    expect(await reader.countStored("p", [second], NEVER)).toBe(1);
  });

  it("exports each event of a range once, oldest first, in pieces", async () => {
    const given = events(12_000).map((event, index) =>
      index < 6_000 ? { ...event, occurredAtMs: START_MS } : event,
    );
    const rows = toRows("p", given);
    for (let from = 0; from < rows.length; from += 4_000) {
      await writer.write(rows.slice(from, from + 4_000));
    }
    await writer.write(toRows("q", events(10)));
    const range = { from: new Date(START_MS).toISOString(), to: "2024-03-10T00:00:00Z" };
    const exported: string[] = [];
    const sizes: number[] = [];
    for await (const piece of opened.engine.reader.exportEvents("p", range, NEVER)) {
      sizes.push(piece.length);
      exported.push(...piece.map((event) => `${event.occurred_at} ${event.event_id}`));
    }
    const wanted = rows
      .filter(({ occurredAt }) => occurredAt < range.to)
      .map(({ occurredAt, eventId }) => `${occurredAt} ${eventId}`);
    expect(exported).toEqual(wanted.toSorted());
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5_000);
  });

  it("gives up when the signal aborts, and answers the next question", async () => {
    await writer.write(toRows("p", events(5_000)));
    const { reader } = opened.engine;
    await expect(reader.readStats("p", TOTAL, AbortSignal.abort())).rejects.toThrow(/aborted/);
    const abort = new AbortController();
    const reading = Promise.all(
      [1, 2, 3, 4, 5].map(() => reader.readStats("p", BY_PLAN, abort.signal)),
    );
    abort.abort(new Error("given up"));
    await expect(reading).rejects.toThrow("given up");
    expect(await total("p")).toBe(5_000);
  });
});

describe("eraseUser()", () => {
  const erased = "user with a name that stands nowhere else: 4f1c9f5e";
  const secret = () => `secret ${randomUUID()}`;

  it("removes the user's events from tables, rollups and file, and nobody else's", async () => {
    const others = events(3_000);
    const secrets = Array.from({ length: 40 }, secret);
    const own = secrets.map((mail, index) => ({
      occurredAtMs: START_MS + index * 3_600_000,
      eventType: index < 20 ? "signup" : "only of this user",
      userId: erased,
      properties: { mail },
    }));
    await writer.write(toRows("p", [...others, ...own]));
    await writer.write(toRows("q", own));
    await opened.engine.eraseUser("q", "somebody else, which writes what is in the file's log");
    expect(await countInFile([erased, ...secrets])).toBeGreaterThan(0);

    const { removed, erased_at } = await opened.engine.eraseUser("p", erased);
    expect(removed).toEqual({ hot: 40 });
    expect(Date.parse(erased_at)).toBeLessThanOrEqual(Date.now());
    await expectAnswers("p", others);
    await expectAnswers("q", own);
    expect(await timeline("p", erased)).toEqual([]);

    await opened.engine.eraseUser("q", erased);
    await expectAnswers("q", []);
    const { removed: again } = await opened.engine.eraseUser("p", erased);
    expect(again).toEqual({ hot: 0 });
    // The tombstone names the user, so that late deliveries are known.
    expect(await countInFile(secrets)).toBe(0);
  });

  it("drops what was received before when it comes later, and takes new facts", async () => {
    const before = toRows("p", [
      { occurredAtMs: START_MS, eventType: "a", userId: erased },
      { occurredAtMs: START_MS, eventType: "a", userId: "somebody else" },
    ]).map((row) => ({ ...row, receivedAt: "2024-02-28T22:00:01.000Z" }));
    const { erased_at } = await opened.engine.eraseUser("p", erased);
    expect(await writer.write(before)).toEqual({ inserted: 1 });
    const receivedAt = new Date(Date.parse(erased_at) + 1).toISOString();
    expect(await writer.write(before.map((row) => ({ ...row, receivedAt })))).toEqual({
      inserted: 1,
    });
    expect(await timeline("p", erased)).toHaveLength(1);
    await opened.engine.eraseUser("q", erased);
    expect(await timeline("p", erased)).toHaveLength(1);
  });

  it("keeps in the rollups what was received after it", async () => {
    const rows = toRows("p", [{ occurredAtMs: START_MS, eventType: "a", userId: erased }]);
    const receivedAt = "2999-01-01T00:00:00.000Z";
    const later = toRows("p", [{ occurredAtMs: START_MS + 1, eventType: "a", userId: erased }]);
    await writer.write([...rows, ...later.map((row) => ({ ...row, receivedAt }))]);
    const { removed } = await opened.engine.eraseUser("p", erased);
    expect(removed).toEqual({ hot: 1 });
    await expectAnswers("p", [{ occurredAtMs: START_MS + 1, eventType: "a", userId: erased }]);
  });
});

const question = (value: object): StatsQuery => statsQuerySchema.parse({ ...ALL, ...value });
const TOTAL = question({ kind: "events", interval: "total" });
const BY_PLAN = question({
  kind: "events",
  interval: "hour",
  ...ALL,
  breakdown: "properties.plan",
  limit: 1,
  from: "2024-02-01",
  to: "2024-04-01",
});
/** One of each source. */
const QUESTIONS = [
  question({ kind: "events", interval: "month", breakdown: "event_type" }),
  question({ kind: "active_users", interval: "week" }),
  question({ kind: "top_events" }),
  question({ kind: "events", interval: "total", measure: "users", breakdown: "properties.plan" }),
];

/** Over 20 days. */
function events(count: number): NaiveEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    occurredAtMs: START_MS + ((index * 7_919) % 20_000) * 86_400,
    eventType: `type ${index % 7}`,
    userId: `user ${(index * 31) % 113}`,
    properties: { plan: ["free", "pro", 5, null][index % 4], index },
  }));
}

async function expectAnswers(projectId: string, known: readonly NaiveEvent[]): Promise<void> {
  for (const query of QUESTIONS) {
    const { rows } = await opened.engine.reader.readStats(projectId, query, NEVER);
    expect(toStatsData(query, rows, Date.now())).toEqual(naiveStats(query, known, Date.now()));
  }
}

async function total(projectId: string): Promise<number> {
  const { rows } = await opened.engine.reader.readStats(projectId, TOTAL, NEVER);
  const [row] = rows as { value: number }[];
  return row?.value ?? 0;
}

async function timeline(projectId: string, user_id: string) {
  const query = eventPageQuerySchema.parse({ user_id });
  return (await opened.engine.reader.readPage(projectId, query, NEVER)).events;
}

/** How many of the texts stand in the database's file or its log. */
async function countInFile(texts: readonly string[]): Promise<number> {
  const files = await Promise.all(
    ["", ".wal"].map((suffix) => readFile(`${opened.path}${suffix}`).catch(() => Buffer.alloc(0))),
  );
  return texts.filter((text) => files.some((file) => file.includes(text))).length;
}
