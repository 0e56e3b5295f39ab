import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventPageQuerySchema } from "../../../contract/event-page.ts";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";
import { type ColdStack, NEVER, openColdStack } from "./cold-stack.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-01-20T00:00:00Z");
const FLOOR_MS = START_MS + 40 * DAY_MS;

let database: PostgresService;
let folder: TempDir;
let stack: ColdStack;
let rows: EventRow[];

beforeAll(async () => {
  [database, folder] = await Promise.all([startPostgres(), makeTempDir("cold")]);
  stack = await openColdStack(database.url, folder.path);
  rows = toRows(
    "shop",
    Array.from({ length: 600 }, (_, index) => ({
      occurredAtMs: START_MS + Math.floor((index * 60 * DAY_MS) / 600) + index,
      eventType: index % 3 === 0 ? "view" : "buy",
      userId: `u${index % 17}`,
      properties: { n: index, tiny: 1e-7, text: `it's "${index}"` },
    })),
  );
  await stack.writer.write(rows);
});
afterAll(async () => {
  await stack?.close();
  await database?.stop();
  await folder?.remove();
});

describe("a cold tier", () => {
  it("says what would move, and moves nothing, in a dry run", async () => {
    const report = await stack.tier.archive({ olderThanMs: Date.now() - FLOOR_MS, isDryRun: true });
    expect(report).toMatchObject({ dry_run: true, floor: null, events: 400, bytes: null });
    expect(report.archived.map(({ month, events }) => [month, events])).toEqual([
      ["2024-01", 120],
      ["2024-02", 280],
    ]);
    expect(await countHot()).toBe(600);
  });

  it("moves whole days, to files that name their project and month", async () => {
    expect(await stack.archiveUpTo(FLOOR_MS)).toBe(400);
    expect(await countHot()).toBe(200);
    expect(await readdir(join(folder.path, "cold"))).toEqual([".staging", "project=shop"]);
    expect(await readdir(join(folder.path, "cold/project=shop"))).toEqual([
      "month=2024-01",
      "month=2024-02",
    ]);
  });

  it("has nothing to do when asked again", async () => {
    expect(await stack.archiveUpTo(FLOOR_MS)).toBe(0);
  });

  it("stores late events once, whoever has them", async () => {
    const late = toRows("shop", [
      { occurredAtMs: START_MS + 5, eventType: "late", userId: "u1" },
      { occurredAtMs: FLOOR_MS - 1, eventType: "late", userId: "u2" },
      { occurredAtMs: FLOOR_MS, eventType: "late", userId: "u2" },
    ]);
    const again = [...rows.slice(0, 10), ...rows.slice(-10), ...late, ...late];
    expect(await stack.writer.write(again)).toEqual({ inserted: 3 });
    expect(await stack.writer.write(again)).toEqual({ inserted: 0 });
    expect(await countHot()).toBe(201);
    expect(await countAll()).toBe(603);
  });

  it("pages through both tiers, newest first", async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    for (;;) {
      const query = eventPageQuerySchema.parse({ limit: 37, ...(cursor && { cursor }) });
      const page = await stack.tier.reader.readPage("shop", query, NEVER);
      seen.push(...page.events.map(({ event_id }) => event_id));
      const last = page.events.at(-1);
      if (!page.hasMore || last === undefined) break;
      cursor = Buffer.from(`${last.occurred_at} ${last.event_id}`).toString("base64url");
    }
    expect(seen).toHaveLength(603);
    expect(new Set(seen).size).toBe(603);
    const own = rows.map(({ eventId }) => eventId).toReversed();
    expect(seen.filter((id) => own.includes(id))).toEqual(own);
  });

  it("finds one event wherever it is, with its properties as they were sent", async () => {
    for (const row of [rows[3], rows[577]]) {
      const { events } = await stack.tier.reader.findEvent(
        "shop",
        row?.eventId ?? "",
        undefined,
        NEVER,
      );
      expect(events).toEqual([
        {
          event_id: row?.eventId,
          occurred_at: row?.occurredAt,
          received_at: row?.receivedAt,
          event_type: row?.eventType,
          user_id: row?.userId,
          properties: JSON.parse(row?.propertiesJson ?? ""),
        },
      ]);
    }
  });

  it("counts which events are stored", async () => {
    const some = [rows[0], rows[100], rows[599]].flatMap((row) => (row === undefined ? [] : [row]));
    const timed = some.map(({ eventId, occurredAt }) => ({ eventId, occurredAt }));
    const untimed = rows.slice(390, 410).map(({ eventId }) => ({ eventId, occurredAt: undefined }));
    const missing = [
      { eventId: "00000000-0000-4000-8000-000000000000", occurredAt: undefined },
      { eventId: "00000000-0000-4000-8000-000000000001", occurredAt: "2024-01-21T00:00:00Z" },
    ];
    const count = (wanted: readonly { eventId: string; occurredAt: string | undefined }[]) =>
      stack.tier.reader.countStored("shop", wanted, NEVER);
    expect(await count(timed)).toBe(3);
    expect(await count([...timed, ...untimed, ...missing])).toBe(23);
    expect(await count(missing)).toBe(0);
  });

  it("exports everything in order", async () => {
    const range = { from: "2024-01-01T00:00:00Z", to: "2024-12-01T00:00:00Z" };
    const seen: string[] = [];
    for await (const events of stack.tier.reader.exportEvents("shop", range, NEVER)) {
      seen.push(...events.map(({ occurred_at }) => occurred_at));
    }
    expect(seen).toHaveLength(603);
    expect(seen).toEqual(seen.toSorted());
  });

  it("shows a project nothing of another one", async () => {
    expect(await countAll("other")).toBe(0);
    await stack.writer.write(
      toRows("other", [{ occurredAtMs: START_MS, eventType: "x", userId: "u1" }]),
    );
    expect(await countAll("other")).toBe(1);
    expect(await countAll()).toBe(603);
  });

  it("compacts many small files", async () => {
    for (let index = 0; index < 30; index += 1) {
      const event = { occurredAtMs: START_MS + 1_000 + index, eventType: "drop", userId: "u1" };
      await stack.writer.write(toRows("drops", [event]));
    }
    expect(await countAll("drops")).toBe(30);
    const [files] = await stack.sql<{ files: number }[]>`
      select count(*)::int as files from cold_files where project_id = 'drops'`;
    expect(files?.files).toBeLessThan(16);
    const names = await readdir(join(folder.path, "cold/project=drops/month=2024-01"));
    expect(names).toHaveLength(files?.files ?? 0);
  });

  it("erases a user from files", async () => {
    await stack.sql`
      insert into erasures (project_id, user_id, erased_at) values ('shop', 'u1', clock_timestamp())`;
    const removed = await stack.tier.eraseUser("shop", "u1");
    expect(removed).toBe(rows.slice(0, 400).filter(({ userId }) => userId === "u1").length + 1);
    const query = eventPageQuerySchema.parse({
      user_id: "u1",
      to: new Date(FLOOR_MS).toISOString(),
    });
    expect((await stack.tier.reader.readPage("shop", query, NEVER)).events).toEqual([]);
    // What the stream still held, and what is sent anew.
    const old = rows.filter(({ userId }) => userId === "u1");
    expect(await stack.writer.write(old)).toEqual({ inserted: 0 });
    const receivedAt = new Date(Date.now() + 1_000).toISOString();
    const [anew] = old;
    if (anew === undefined) throw new Error("no rows");
    expect(await stack.writer.write([{ ...anew, receivedAt }])).toEqual({ inserted: 1 });
  });
});

async function countHot(): Promise<number> {
  const [row] = await stack.sql<{ events: number }[]>`
    select count(*)::int as events from events where project_id = 'shop'`;
  return row?.events ?? 0;
}

async function countAll(projectId = "shop"): Promise<number> {
  const query = statsQuerySchema.parse({
    kind: "events",
    interval: "total",
    from: "2024-01-01",
    to: "2025-01-01",
  });
  const { rows } = await stack.tier.reader.readStats(projectId, query, NEVER);
  return rows.reduce((sum, row) => sum + ("value" in row ? Number(row.value) : 0), 0);
}

it("a worker without its cold tier refuses a database that has one", async () => {
  await expect(openTimescaleEngine(database.url)).rejects.toThrow(
    `Cannot use database: events before ${new Date(FLOOR_MS).toISOString()} were moved to a cold tier, and COLD_URL is not set`,
  );
});

it("a question that needs too much of the hot tier beside the cold one is refused, saying so", async () => {
  const bounded = await openColdStack(database.url, folder.path, { maxSliceRows: 10 });
  const query = { kind: "events", interval: "minute", from: "2024-02-28", to: "2024-03-05" };
  const read = () => bounded.tier.reader.readStats("shop", statsQuerySchema.parse(query), NEVER);
  await expect(read()).rejects.toThrow(
    "Cannot answer query: needs more than 10 rows of events from the hot tier beside the cold one: ask for a range on one side of the border, or for less of it",
  );
  await bounded.close();
});

it("a question ends when nobody waits for it any more", async () => {
  const query = statsQuerySchema.parse({
    kind: "events",
    interval: "day",
    from: "2024-01-01",
    to: "2024-03-05",
  });
  const signal = AbortSignal.abort(new Error("gone"));
  await expect(stack.tier.reader.readStats("shop", query, signal)).rejects.toThrow("gone");
});
