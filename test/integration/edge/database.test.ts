import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCursor, eventPageQuerySchema } from "../../../contract/event-page.ts";
import type { WantedEvent } from "../../../contract/event-reading.ts";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { createUuidV7 } from "../../../contract/uuid.ts";
import { createNeonDatabase, type Database } from "../../../edge/database.ts";
import { createDatabaseReader } from "../../../edge/store/database-reader.ts";
import { startNeonHttp } from "../../../local/neon-http.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { createTimescaleDialect } from "../../../sql/timescale/dialect.ts";
import { createEventTables, reportAsOf } from "../../support/event-tables.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";

const URL_OF_DATABASE = "postgresql://reader:secret-word@db.test/postgres";
const query = statsQuerySchema.parse({
  kind: "events",
  interval: "total",
  from: "2024-01-01",
  to: "2024-02-01",
});

const SELECT_1 = { text: "select 1 as one", params: [] };

describe("createNeonDatabase() on a database", () => {
  let server: PostgresService;
  let neonHttp: LoopbackServer;
  let sql: Sql;
  let database: Database;

  beforeAll(async () => {
    server = await startPostgres();
    // The server trusts everyone; Neon's client wants a password.
    const databaseUrl = server.url.replace("@", ":any@");
    neonHttp = await startNeonHttp({ databaseUrl, port: 0 });
    sql = postgres(server.url, { max: 1 });
    const { username } = new URL(server.url);
    database = createNeonDatabase({
      url: `postgresql://${username}:any@db.test/postgres`,
      fetchEndpoint: `${neonHttp.url}/sql`,
    });
  });
  afterAll(async () => {
    await sql?.end();
    await neonHttp?.close();
    await server?.stop();
  });

  it("fails while there is no schema, reads rows once there is", async () => {
    const reader = createDatabaseReader(database, createTimescaleDialect());
    expect(await database.query(SELECT_1)).toEqual([{ one: 1 }]);
    await expect(reader.readStats("demo", query)).rejects.toMatchObject({
      slug: "store-unavailable",
    });

    await createEventTables(sql);
    await insertEvent({ eventId: randomUUID(), occurredAt: "2024-01-05T00:00:00Z" });
    await reportAsOf(sql, "2024-01-06T00:00:00Z");
    const { reading, floorMs } = await reader.readStats("demo", query);
    expect(floorMs).toBeUndefined();
    expect(reading).toMatchObject({ asOf: "2024-01-06T00:00:00Z", sources: ["events_hourly"] });
    expect(reading.rows).toEqual([{ bucket: expect.any(String), value: 1 }]);
    expect((await reader.readStats("other", query)).reading.rows).toEqual([]);
  });

  it("finds an event's rows, newest first and with all their digits, in its project only", async () => {
    const reader = createDatabaseReader(database, createTimescaleDialect());
    const eventId = randomUUID();
    await insertEvent({ eventId, occurredAt: "2024-01-05T00:00:00.123456Z" });
    await insertEvent({ eventId, occurredAt: "2024-03-05T00:00:00.500+02:00" });
    const { reading } = await reader.findEvent("demo", eventId);
    expect(reading.events).toEqual([
      {
        event_id: eventId,
        occurred_at: "2024-03-04T22:00:00.500Z",
        received_at: "2024-06-01T00:00:00.000Z",
        event_type: "signup",
        user_id: "u1",
        properties: { plan: "pro" },
      },
      expect.objectContaining({ occurred_at: "2024-01-05T00:00:00.123456Z" }),
    ]);
    expect(reading.asOf).toBe("2024-01-06T00:00:00Z");
    expect((await reader.findEvent("other", eventId)).reading.events).toEqual([]);
    expect((await reader.findEvent("demo", randomUUID())).reading.events).toEqual([]);
  });

  it("finds an event whatever time its UUIDv7 tells", async () => {
    const reader = createDatabaseReader(database, createTimescaleDialect());
    const occurredAt = "2024-01-05T00:00:00.000Z";
    const times = [Date.parse(occurredAt), Date.parse("1999-01-01"), 0, 2 ** 48 - 1];
    for (const eventId of times.map(createUuidV7)) {
      await insertEvent({ eventId, occurredAt });
      const { reading } = await reader.findEvent("demo", eventId);
      expect(reading.events).toMatchObject([{ event_id: eventId, occurred_at: occurredAt }]);
    }
  });

  it("tells whether each of many events has a row", async () => {
    const reader = createDatabaseReader(database, createTimescaleDialect());
    const events = [
      "2023-01-05T00:00:00.000001Z",
      "2024-01-05T00:00:00Z",
      "2025-01-05T00:00:00.9Z",
    ];
    const wanted = events.map((occurredAt) => ({ eventId: randomUUID(), occurredAt }));
    const hasAll = async (list: readonly WantedEvent[], projectId = "demo") =>
      (await reader.hasAll(projectId, list, 5_000)).reading;
    expect(await hasAll(wanted)).toBe(false);
    for (const event of wanted.slice(1)) await insertEvent(event);
    expect(await hasAll(wanted)).toBe(false);
    for (const event of wanted.slice(0, 1)) await insertEvent(event);
    expect(await hasAll(wanted)).toBe(true);
    expect(await hasAll(wanted, "other")).toBe(false);

    const [first] = wanted;
    const eventId = String(first?.eventId);
    expect(await hasAll([{ eventId, occurredAt: "2023-01-05T00:00:00.000002Z" }])).toBe(false);
    expect(await hasAll([{ eventId, occurredAt: undefined }])).toBe(true);
    expect(await hasAll([...wanted.slice(1), { eventId, occurredAt: undefined }])).toBe(true);
    expect(await hasAll([{ eventId: randomUUID(), occurredAt: undefined }])).toBe(false);
  });

  it("reads pages, newest first, each event once", async () => {
    const reader = createDatabaseReader(database, createTimescaleDialect());
    const times = ["2024-05-01T00:00:00.000001Z", "2024-05-01T00:00:00.000002Z"];
    for (const occurredAt of [...times, ...times]) {
      await insertEvent({ eventId: randomUUID(), occurredAt, projectId: "pages" });
    }
    const read = async (cursor?: string) => {
      const query = eventPageQuerySchema.parse({ limit: 3, cursor, user_id: "u1" });
      return (await reader.readPage("pages", query)).reading;
    };
    const first = await read();
    expect(first).toMatchObject({
      hasMore: true,
      asOf: "2024-01-06T00:00:00Z",
      sources: ["events"],
    });
    const last = first.events.at(-1);
    const second = await read(last && encodeCursor(last));
    expect(second.hasMore).toBe(false);
    const all = [...first.events, ...second.events];
    expect(all.map((event) => event.occurred_at)).toEqual(
      [times[1], times[1], times[0], times[0]].map(String),
    );
    expect(new Set(all.map((event) => event.event_id)).size).toBe(4);
    expect(all[0]?.properties).toEqual({ plan: "pro" });
  });

  it("tells the border of the cold tier with every answer", async () => {
    const reader = createDatabaseReader(database, createTimescaleDialect());
    await sql`update cold_tier set floor = '2024-03-15T00:00:00Z'`;
    try {
      const floorMs = Date.parse("2024-03-15T00:00:00Z");
      const wanted = [{ eventId: randomUUID(), occurredAt: undefined }];
      const readings = [
        reader.readStats("demo", query),
        reader.readPage("demo", eventPageQuerySchema.parse({})),
        reader.findEvent("demo", randomUUID()),
        reader.hasAll("demo", wanted, 5_000),
      ];
      for (const reading of readings) expect(await reading).toMatchObject({ floorMs });
    } finally {
      await sql`update cold_tier set floor = null`;
    }
  });

  it("throws store-timeout when the database's own limit comes first", async () => {
    // As statement_timeout does.
    const text = "do $$ begin raise exception using errcode = 'query_canceled'; end $$";
    await expect(database.query({ text, params: [] })).rejects.toMatchObject({
      slug: "store-timeout",
    });
  });

  async function insertEvent(event: {
    eventId: string;
    occurredAt: string;
    projectId?: string;
  }): Promise<void> {
    await sql`
      insert into events
        (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
      values (
        ${event.projectId ?? "demo"}, ${event.eventId}, ${event.occurredAt}::text::timestamptz, '2024-06-01T00:00:00Z',
        'signup', 'u1', '{"plan":"pro"}'
      )
    `;
  }
});

describe("createNeonDatabase() without a database", () => {
  it.each<[string, RequestListener]>([
    [
      "answers an error of the database",
      (_, response) => {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ message: "relation does not exist", code: "42P01" }));
      },
    ],
    ["answers something else", (_, response) => response.end("<html>")],
    ["hangs up", (request) => request.socket.destroy()],
  ])("throws store-unavailable with Retry-After when it %s", async (_, listener) => {
    expect(await errorOf(listener)).toMatchObject({
      slug: "store-unavailable",
      options: {
        detail: "The database cannot be reached, or answered an error: ask again",
        headers: { "retry-after": "2" },
      },
      cause: expect.any(Error),
    });
  });

  it.each<[string, RequestListener]>([
    ["never answers", () => {}],
    [
      "stops in the middle",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
        response.write('{"rows":[');
      },
    ],
  ])("throws store-timeout that says how long it was given when it %s", async (_, listener) => {
    expect(await errorOf(listener)).toMatchObject({
      slug: "store-timeout",
      options: {
        detail: "The database did not answer within 0.2 s",
        headers: { "retry-after": "5" },
      },
    });
  });

  async function errorOf(listener: RequestListener): Promise<unknown> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const database = createNeonDatabase({
      url: URL_OF_DATABASE,
      fetchEndpoint: `http://127.0.0.1:${port}/sql`,
      timeoutMs: 200,
    });
    try {
      const error = await database.query(SELECT_1).catch((error: unknown) => error);
      expect(String((error as Error).cause)).not.toContain("secret-word");
      return error;
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
});
