import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { createUuidV7 } from "../../../contract/uuid.ts";
import { createNeonDatabase, type Database } from "../../../edge/database.ts";
import { createEventReader } from "../../../edge/event-reader.ts";
import { createStatsReader } from "../../../edge/stats-reader.ts";
import { startNeonHttp } from "../../../local/neon-http.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
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
    const reader = createStatsReader(database);
    expect(await database.query(SELECT_1)).toEqual([{ one: 1 }]);
    await expect(reader.read("demo", query)).rejects.toMatchObject({ slug: "store-unavailable" });

    await createEventTables(sql);
    await insertEvent({ eventId: randomUUID(), occurredAt: "2024-01-05T00:00:00Z" });
    await reportAsOf(sql, "2024-01-06T00:00:00Z");
    const reading = await reader.read("demo", query);
    expect(reading).toMatchObject({ asOf: "2024-01-06T00:00:00Z", sources: ["events_hourly"] });
    expect(reading.rows).toEqual([{ bucket: expect.any(String), value: 1 }]);
    expect((await reader.read("other", query)).rows).toEqual([]);
  });

  it("finds an event's rows, newest first and with all their digits, in its project only", async () => {
    const reader = createEventReader(database);
    const eventId = randomUUID();
    await insertEvent({ eventId, occurredAt: "2024-01-05T00:00:00.123456Z" });
    await insertEvent({ eventId, occurredAt: "2024-03-05T00:00:00.500+02:00" });
    const reading = await reader.find("demo", eventId);
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
    expect((await reader.find("other", eventId)).events).toEqual([]);
    expect((await reader.find("demo", randomUUID())).events).toEqual([]);
  });

  it("finds an event whatever time its UUIDv7 tells", async () => {
    const reader = createEventReader(database);
    const occurredAt = "2024-01-05T00:00:00.000Z";
    const times = [Date.parse(occurredAt), Date.parse("1999-01-01"), 0, 2 ** 48 - 1];
    for (const eventId of times.map(createUuidV7)) {
      await insertEvent({ eventId, occurredAt });
      const { events } = await reader.find("demo", eventId);
      expect(events).toMatchObject([{ event_id: eventId, occurred_at: occurredAt }]);
    }
  });

  it("tells whether each of many events has a row", async () => {
    const reader = createEventReader(database);
    const events = [
      "2023-01-05T00:00:00.000001Z",
      "2024-01-05T00:00:00Z",
      "2025-01-05T00:00:00.9Z",
    ];
    const wanted = events.map((occurredAt) => ({ eventId: randomUUID(), occurredAt }));
    const hasAll = (list: Parameters<typeof reader.hasAll>[1], projectId = "demo") =>
      reader.hasAll(projectId, list, 5_000);
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

  async function insertEvent(event: { eventId: string; occurredAt: string }): Promise<void> {
    await sql`
      insert into events
        (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
      values (
        'demo', ${event.eventId}, ${event.occurredAt}::text::timestamptz, '2024-06-01T00:00:00Z',
        'signup', 'u1', '{"plan":"pro"}'
      )
    `;
  }
});

describe("createNeonDatabase() without a database", () => {
  it.each<[string, RequestListener]>([
    ["never answers", () => {}],
    [
      "answers an error of the database",
      (_, response) => {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ message: "relation does not exist", code: "42P01" }));
      },
    ],
    ["answers something else", (_, response) => response.end("<html>")],
    ["hangs up", (request) => request.socket.destroy()],
    [
      "stops in the middle",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
        response.write('{"rows":[');
      },
    ],
  ])("throws store-unavailable with Retry-After when it %s", async (_, listener) => {
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
      expect(error).toMatchObject({
        slug: "store-unavailable",
        options: { headers: { "retry-after": "2" } },
        cause: expect.any(Error),
      });
      expect(String((error as Error).cause)).not.toContain("secret-word");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
