import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { createNeonStatsReader } from "../../../edge/stats-reader.ts";
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

describe("createNeonStatsReader() on a database", () => {
  let server: PostgresService;
  let neonHttp: LoopbackServer;
  let sql: Sql;

  beforeAll(async () => {
    server = await startPostgres();
    // The server trusts everyone; Neon's client wants a password.
    const databaseUrl = server.url.replace("@", ":any@");
    neonHttp = await startNeonHttp({ databaseUrl, port: 0 });
    sql = postgres(server.url, { max: 1 });
  });
  afterAll(async () => {
    await sql?.end();
    await neonHttp?.close();
    await server?.stop();
  });

  it("fails while there is no schema, reads rows once there is", async () => {
    const { username } = new URL(server.url);
    const reader = createNeonStatsReader({
      url: `postgresql://${username}:any@db.test/postgres`,
      fetchEndpoint: `${neonHttp.url}/sql`,
    });
    await reader.ping();
    await expect(reader.read("demo", query)).rejects.toMatchObject({ slug: "store-unavailable" });

    await createEventTables(sql);
    await sql`
      insert into events
        (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
      values ('demo', gen_random_uuid(), '2024-01-05T00:00:00Z', now(), 'signup', 'u1', '{}')
    `;
    await reportAsOf(sql, "2024-01-06T00:00:00Z");
    const reading = await reader.read("demo", query);
    expect(reading).toMatchObject({ asOf: "2024-01-06T00:00:00Z", sources: ["events_hourly"] });
    expect(reading.rows).toEqual([{ bucket: expect.any(String), value: 1 }]);
    expect((await reader.read("other", query)).rows).toEqual([]);
  });
});

describe("createNeonStatsReader() without a database", () => {
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
    const reader = createNeonStatsReader({
      url: URL_OF_DATABASE,
      fetchEndpoint: `http://127.0.0.1:${port}/sql`,
      timeoutMs: 200,
    });
    try {
      const error = await reader.read("demo", query).catch((error: unknown) => error);
      expect(error).toMatchObject({
        slug: "store-unavailable",
        options: { headers: { "retry-after": "2" } },
        cause: expect.any(Error),
      });
      expect(String((error as Error).cause)).not.toContain("secret-word");
      await expect(reader.ping()).rejects.toThrow();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
