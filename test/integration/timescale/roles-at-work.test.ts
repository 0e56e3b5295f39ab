/** The real worker and the real edge with the roles of deploy/database-roles.sql: nothing that they do needs more. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { startNeonHttp } from "../../../local/neon-http.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import {
  applyDatabaseRoles,
  loginsOf,
  type RoleUrls,
  sessionsOf,
} from "../../support/database-roles.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import type { Service } from "../../support/service.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { startTimescale } from "../../support/timescale.ts";
import { type EdgeProcess, KEY_SECRET, startEdge } from "../edge/edge-process.ts";
import { createEvents, createPublisher, type Publisher } from "../worker/publisher.ts";
import { killWorkers, startWorker, type WorkerProcess } from "../worker/worker-process.ts";

const WORKER_TOKEN = "a token of the worker's, long enough";
const DAY_MS = 86_400_000;
const PROJECT = "roles";
const OLD_MS = Date.now() - 60 * DAY_MS;

describe.each([
  ["PostgreSQL", startPostgres, loginsOf],
  ["TimescaleDB", startTimescale, sessionsOf],
] as const)("with the roles on %s", (name, startDatabase, urlsOf) => {
  let database: Service & { readonly url: string };
  let nats: NatsService;
  let tempDir: TempDir;
  let roles: RoleUrls;
  let sql: postgres.Sql;
  let publisher: Publisher;
  let worker: WorkerProcess;
  let neonHttp: LoopbackServer;
  let edge: EdgeProcess;

  beforeAll(async () => {
    [database, nats, tempDir] = await Promise.all([
      startDatabase(),
      startNats(),
      makeTempDir("roles"),
    ]);
    await applyDatabaseRoles(database.url);
    // As after an upgrade, and at every start of docker compose.
    await applyDatabaseRoles(database.url);
    roles = urlsOf(database.url);
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    publisher = await createPublisher(nats);
    worker = await startWorker(
      { databaseUrl: roles.worker, nats },
      {
        DATABASE_OWNER_URL: roles.owner,
        COLD_URL: pathToFileURL(join(tempDir.path, "cold")).href,
        SCRATCH_DIR: join(tempDir.path, "scratch"),
        PROPERTIES_INDEX: "true",
        ARCHIVE_EVERY_MS: String(DAY_MS),
        WORKER_TOKEN,
      },
    );
    await worker.waitUntilReady();
    neonHttp = await startNeonHttp({ databaseUrl: roles.edge, port: 0 });
    edge = await startEdge(nats, {
      DATABASE_URL: roles.edge,
      NEON_FETCH_ENDPOINT: `${neonHttp.url}/sql`,
      WORKER_URL: worker.url,
      WORKER_TOKEN,
    });
  });

  afterAll(async () => {
    await killWorkers();
    await publisher?.close();
    await edge?.stop();
    await neonHttp?.close();
    await sql?.end({ timeout: 1 });
    await Promise.all([database?.stop(), nats?.stop(), tempDir?.remove()]);
  });

  it("the worker makes its schema, all of which belongs to the owner", async () => {
    const relations = await sql<{ name: string; owner: string }[]>`
      select relname as name, relowner::regrole::text as owner
      from pg_class as c
      where
        relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'i')
        and not exists (select from pg_depend where objid = c.oid and deptype = 'e')`;
    expect(relations.map((relation) => relation.name)).toContain("events_properties_idx");
    expect(new Set(relations.map(({ owner }) => owner))).toEqual(new Set(["sluice_owner"]));
  });

  it("the worker stores events, in large batches and small ones, and says how far it is", async () => {
    await publisher.publish(PROJECT, createEvents(900));
    await publisher.publish(PROJECT, createEvents(10));
    await publisher.publish(PROJECT, createEvents(40, OLD_MS));
    await publisher.waitUntilDrained();
    expect(await countAtWorker()).toBe(950);
    const [progress] =
      await sql`select as_of from pipeline_as_of where as_of > now() - interval '1 hour'`;
    expect(progress).toBeDefined();
  });

  it("the edge answers from the database", async () => {
    const day = new Date(OLD_MS).toISOString().slice(0, 10);
    const range = `from=${day}&to=${new Date(Date.now() + DAY_MS).toISOString().slice(0, 10)}`;
    for (const path of [
      `/v1/stats/active-users?interval=day&${range}`,
      `/v1/stats/top-events?${range}`,
      `/v1/stats/events?interval=hour&${range}`,
      `/v1/stats/retention?interval=week&${range}`,
      `/v1/stats/funnel?steps=view,other&window=7d&${range}`,
      `/v1/events?${range}`,
      `/v1/users/user-1/events?${range}`,
    ]) {
      const response = await get(path);
      expect([path, response.status, await response.text()]).toEqual([
        path,
        200,
        expect.any(String),
      ]);
    }
    expect(await countAtEdge()).toBe(950);
  });

  it("the worker archives, and takes what comes late", async () => {
    const { ran, events, is_cleared } = await post<Record<string, unknown>>("/archive", {});
    expect({ ran, events, is_cleared }).toEqual({ ran: true, events: 40, is_cleared: true });
    await publisher.publish(PROJECT, createEvents(5, OLD_MS));
    await publisher.waitUntilDrained();
    expect(await countAtWorker()).toBe(955);
    const [row] = await sql`select count(*)::int as rows from events`;
    expect(row).toEqual({ rows: 910 });
  });

  it("the edge leaves what the database no longer has to the worker", async () => {
    await poll("the events of both tiers", async () => (await countAtEdge()) === 955);
  });

  it("the worker erases a user everywhere", async () => {
    const { removed } = await post<{ removed: unknown }>("/erase", {
      project_id: PROJECT,
      user_id: "user-1",
    });
    expect(removed).toEqual({ hot: 10, cold: 2, dead_letters: 0 });
    expect(await countAtWorker()).toBe(943);
  });

  it("the worker refreshes its aggregates, and was refused nothing", async () => {
    if (name === "TimescaleDB") {
      const hour = Date.now() - 5 * 3_600_000;
      await publisher.publish(PROJECT, createEvents(10, hour));
      await poll("a refresh up to the late events", async () => {
        const [row] = await sql<{ watermark: Date }[]>`
          select _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(mat_hypertable_id)) as watermark
          from _timescaledb_catalog.continuous_agg where user_view_name = 'events_hourly'`;
        return row !== undefined && row.watermark.getTime() > hour;
      });
    }
    const complaints = worker.logs.filter(({ level }) => level === "warn" || level === "error");
    expect(complaints.filter((line) => JSON.stringify(line).includes("permission"))).toEqual([]);
    expect(complaints.filter((line) => JSON.stringify(line).includes("must be owner"))).toEqual([]);
  });

  async function post<Answer>(path: string, body: unknown): Promise<Answer> {
    const response = await fetch(worker.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${WORKER_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    expect([response.status, text]).toEqual([200, text]);
    return JSON.parse(text) as Answer;
  }

  async function countAtWorker(): Promise<number> {
    const query = { kind: "events", interval: "total", ...longRange() };
    const answer = await post<{ rows: { value: number }[] }>("/query", {
      read: "stats",
      project_id: PROJECT,
      query,
    });
    return Number(answer.rows[0]?.value);
  }

  async function countAtEdge(): Promise<number> {
    const { from, to } = longRange();
    const response = await get(`/v1/stats/events?interval=total&from=${from}&to=${to}`);
    const { data } = (await response.json()) as { data: { value: number }[] };
    return Number(data[0]?.value);
  }

  function longRange() {
    const to = new Date(Date.now() + DAY_MS).toISOString().slice(0, 10);
    return { from: new Date(OLD_MS - DAY_MS).toISOString().slice(0, 10), to };
  }

  function get(path: string): Promise<Response> {
    const key = createKey({ scope: "r", projectId: PROJECT, kid: "k1" }, KEY_SECRET);
    return fetch(edge.url + path, {
      headers: { authorization: `Bearer ${key}`, "cache-control": "no-cache" },
    });
  }
});
