import { describe, expect, it } from "vitest";
import { encodeCursor, eventPageQuerySchema } from "../../../../contract/event-page.ts";
import type { StoredEvent } from "../../../../contract/receipt.ts";
import { statsQuerySchema } from "../../../../contract/stats-query.ts";
import type { HotReader } from "../../../../edge/store/database-reader.ts";
import type { StoreReader } from "../../../../edge/store/store-reader.ts";
import { createTieredReader } from "../../../../edge/store/tiered-reader.ts";

const FLOOR = "2024-03-15T00:00:00Z";
const ID = "00000000-0000-4000-8000-00000000000a";

type Hot = {
  floor?: string | undefined;
  events?: StoredEvent[];
  hasMore?: boolean;
  hasAll?: boolean;
};

function createSetting(hot: Hot, { hasWorker = true } = {}) {
  const asked: string[] = [];
  const events = hot.events ?? [];
  const reply = <T>(reading: T) => {
    asked.push("database");
    const floorMs = hot.floor === undefined ? undefined : Date.parse(hot.floor);
    return Promise.resolve({ reading, floorMs });
  };
  const database: HotReader = {
    readStats: () => reply({ rows: [], asOf: null, sources: ["hot"] }),
    readPage: () => reply({ events, hasMore: hot.hasMore ?? false, asOf: null, sources: ["hot"] }),
    findEvent: () => reply({ events, asOf: null }),
    hasAll: () => reply(hot.hasAll ?? false),
  };
  const noted = <T>(reading: T) => {
    asked.push("worker");
    return Promise.resolve(reading);
  };
  const worker: StoreReader = {
    readStats: () => noted({ rows: [], asOf: null, sources: ["all"] }),
    readPage: () => noted({ events: [], hasMore: false, asOf: null, sources: ["all"] }),
    findEvent: () => noted({ events: [], asOf: null }),
    hasAll: () => noted(true),
  };
  const reader = createTieredReader(database, hasWorker ? worker : undefined);
  return { reader, asked, hot };
}

const eventAt = (occurred_at: string): StoredEvent => ({
  event_id: ID,
  occurred_at,
  received_at: occurred_at,
  event_type: "signup",
  user_id: "u",
  properties: {},
});

const stats = (from: string, kind = "top_events") =>
  statsQuerySchema.parse({
    kind,
    from,
    to: "2024-06-01",
    ...(kind === "retention" ? { interval: "week" } : {}),
  });
const page = (query: object) => eventPageQuerySchema.parse(query);
const wantedAt = (occurredAt: string | undefined) => [{ eventId: ID, occurredAt }];

type Read = (reader: StoreReader) => Promise<unknown>;
const AFTER = eventAt("2024-03-15T00:00:00.000Z");
const BEFORE = eventAt("2024-03-14T23:59:59.999Z");

describe("createTieredReader()", () => {
  it.each<[string, Hot, string[], Read]>([
    ["there is no cold tier", {}, ["database"], (r) => r.readStats("p", stats("2020-01-01"))],
    [
      "… nor for cohorts",
      {},
      ["database"],
      (r) => r.readStats("p", stats("2024-04-01", "retention")),
    ],
    [
      "the range is hot",
      { floor: FLOOR },
      ["database"],
      (r) => r.readStats("p", stats("2024-03-15")),
    ],
    [
      "the range begins before the border",
      { floor: FLOOR },
      ["database", "worker"],
      (r) => r.readStats("p", stats("2024-03-14T23:59:59.999Z")),
    ],
    [
      "a cohort needs the first event ever",
      { floor: FLOOR },
      ["database", "worker"],
      (r) => r.readStats("p", stats("2024-04-01", "retention")),
    ],
    [
      "a page is full of hot rows",
      { floor: FLOOR, hasMore: true, events: [AFTER] },
      ["database"],
      (r) => r.readPage("p", page({})),
    ],
    [
      "a page reaches the border",
      { floor: FLOOR, hasMore: true, events: [AFTER, BEFORE] },
      ["database", "worker"],
      (r) => r.readPage("p", page({})),
    ],
    [
      "a page is not full",
      { floor: FLOOR, events: [AFTER] },
      ["database", "worker"],
      (r) => r.readPage("p", page({})),
    ],
    [
      "a page's range is hot",
      { floor: FLOOR, events: [AFTER] },
      ["database"],
      (r) => r.readPage("p", page({ from: "2024-03-15" })),
    ],
    [
      "a page's range ends at the border",
      { floor: FLOOR, hasMore: true, events: [AFTER] },
      ["database", "worker"],
      (r) => r.readPage("p", page({ to: "2024-03-15" })),
    ],
    [
      "a page follows one that ended in the cold",
      { floor: FLOOR, hasMore: true, events: [AFTER] },
      ["database", "worker"],
      (r) => r.readPage("p", page({ cursor: encodeCursor(BEFORE) })),
    ],
    [
      "an event is hot",
      { floor: FLOOR, events: [AFTER] },
      ["database"],
      (r) => r.findEvent("p", ID),
    ],
    ["an event is not hot", { floor: FLOOR }, ["database", "worker"], (r) => r.findEvent("p", ID)],
    ["an event is nowhere", {}, ["database"], (r) => r.findEvent("p", ID)],
    [
      "all events are hot",
      { floor: FLOOR, hasAll: true },
      ["database"],
      (r) => r.hasAll("p", wantedAt(undefined), 1_000),
    ],
    [
      "a missing event can only be hot",
      { floor: FLOOR },
      ["database"],
      (r) => r.hasAll("p", wantedAt(FLOOR), 1_000),
    ],
    [
      "a missing event is older than the border",
      { floor: FLOOR },
      ["database", "worker"],
      (r) => r.hasAll("p", wantedAt(BEFORE.occurred_at), 1_000),
    ],
    [
      "a missing event's time is not known",
      { floor: FLOOR },
      ["database", "worker"],
      (r) => r.hasAll("p", wantedAt(undefined), 1_000),
    ],
  ])("when %s: %o asks %j", async (_, hot, wanted, read) => {
    const { reader, asked } = createSetting(hot);
    await read(reader);
    expect(asked).toEqual(wanted);
  });

  it.each<[string, Read]>([
    ["a range", (r) => r.readStats("p", stats("2024-03-01"))],
    ["cohorts", (r) => r.readStats("p", stats("2024-04-01", "retention"))],
    ["a page", (r) => r.readPage("p", page({ to: "2024-03-01" }))],
    ["late events", (r) => r.hasAll("p", wantedAt(BEFORE.occurred_at), 1_000)],
  ])("goes to the worker at once for %s once the border is known", async (_, read) => {
    const { reader, asked } = createSetting({ floor: FLOOR });
    await reader.readStats("p", stats("2024-04-01"));
    await read(reader);
    expect(asked).toEqual(["database", "worker"]);
  });

  it("believes the border of an answer, not the one it remembers", async () => {
    const { reader, asked, hot } = createSetting({ floor: FLOOR });
    await reader.readStats("p", stats("2024-04-01"));
    hot.floor = "2024-05-01T00:00:00Z";
    expect((await reader.readStats("p", stats("2024-04-01"))).sources).toEqual(["all"]);
    expect(asked).toEqual(["database", "database", "worker"]);
  });

  it("says that the cold tier needs the worker where the edge has none", async () => {
    const { reader } = createSetting({ floor: FLOOR }, { hasWorker: false });
    const problem = {
      slug: "store-unavailable",
      options: {
        detail:
          "Events before 2024-03-15T00:00:00Z are in the cold tier, which the worker reads, and this edge is not given its address (WORKER_URL, WORKER_TOKEN)",
      },
    };
    for (const _ of ["unknown", "known"]) {
      await expect(reader.readStats("p", stats("2024-03-01"))).rejects.toMatchObject(problem);
    }
    expect((await reader.readStats("p", stats("2024-03-15"))).sources).toEqual(["hot"]);
  });
});
