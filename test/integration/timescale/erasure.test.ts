import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { eventsStreamWish } from "../../../contract/stream-wish.ts";
import { ensureConsumer, ensureStream } from "../../../worker/streams.ts";
import type { TimescaleEngine } from "../../../worker/timescale/timescale-engine.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import type { Service } from "../../support/service.ts";
import { startTimescale } from "../../support/timescale.ts";
import { openTimescaleEngine } from "../../support/timescale-engine.ts";

const DAY_MS = 86_400_000;
const NEVER = new AbortController().signal;
const total = statsQuerySchema.parse({
  kind: "events",
  interval: "total",
  from: "2024-01-01",
  to: "2025-01-01",
});

describe.each([
  ["PostgreSQL", startPostgres],
  ["TimescaleDB", startTimescale],
])("eraseUser() on %s", (name, start) => {
  let server: Service & { readonly url: string };
  let nats: NatsService;
  let connection: NatsConnection;
  let engine: TimescaleEngine;
  let sql: Sql;
  const stop = new AbortController();
  let running: Promise<void>;

  beforeAll(async () => {
    [server, nats] = await Promise.all([start(), startNats()]);
    const { user, password } = nats.tester;
    connection = await connect({ servers: nats.url, user, pass: password });
    const manager = await jetstreamManager(connection);
    await ensureStream(manager, eventsStreamWish({ maxBytes: 1e8, maxAgeHours: 1, replicas: 1 }));
    await ensureConsumer(manager, 10_000);
    engine = await openTimescaleEngine(server.url);
    await engine.start(manager);
    running = engine.run(stop.signal);
    sql = postgres(server.url, { max: 2, onnotice: () => {} });
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await sql?.end();
    await engine?.close();
    await connection?.close();
    await Promise.all([server?.stop(), nats?.stop()]);
  });

  const eventsOf = (userId: string, days: number) =>
    Array.from({ length: days }, (_, day) => ({
      occurredAtMs: Date.parse("2024-03-01T10:00:00Z") + day * DAY_MS,
      eventType: "a",
      userId,
    }));
  const count = async (projectId: string) => {
    const { rows } = await engine.reader.readStats(projectId, total, NEVER);
    const [row] = rows as { value: number | string }[];
    return Number(row?.value ?? 0);
  };

  it("removes the user's rows and what the aggregates made of them, and nobody else's", async () => {
    const projectId = randomUUID();
    const other = randomUUID();
    const writer = engine.openWriter(1);
    await writer.write(toRows(projectId, [...eventsOf("gone", 40), ...eventsOf("here", 3)]));
    await writer.write(toRows(other, eventsOf("gone", 2)));
    const writtenMs = Date.now();
    // So that the aggregates have them, not only the raw tail.
    await poll("refreshed aggregates", async () => {
      const [row] = await sql<{ as_of: Date | null }[]>`select as_of from pipeline_as_of`;
      const isRefreshed = row?.as_of && row.as_of.getTime() > writtenMs;
      return isRefreshed && (await count(projectId)) === 43;
    });
    const erasure = await engine.eraseUser(projectId, "gone");
    expect(erasure.removed).toEqual({ hot: 40 });
    expect(await count(projectId)).toBe(3);
    expect(await count(other)).toBe(2);
    const [left] = await sql`
      select count(*)::int as rows from user_days where project_id = ${projectId} and user_id = 'gone'`;
    expect(left?.rows).toBe(0);
    expect((await engine.eraseUser(projectId, "gone")).removed).toEqual({ hot: 0 });
  });

  it("keeps what was received before from coming back, and takes later events as new facts", async () => {
    const projectId = randomUUID();
    const writer = engine.openWriter(1);
    const before = toRows(projectId, eventsOf("gone", 2));
    await writer.write(before);
    const { erased_at } = await engine.eraseUser(projectId, "gone");
    expect((await writer.write(before)).inserted).toBe(0);
    expect(await count(projectId)).toBe(0);
    const receivedAt = new Date(Date.parse(erased_at) + 1).toISOString();
    const after = before.map((row) => ({ ...row, receivedAt }));
    expect((await writer.write(after)).inserted).toBe(2);
    await poll("the later events", async () => (await count(projectId)) === 2);
  });

  // The embedded database serves one transaction at a time, so none can be open beside an erasure there.
  it.runIf(name === "PostgreSQL")("waits for a batch that began before it", async () => {
    const projectId = randomUUID();
    const [row] = toRows(projectId, eventsOf("gone", 1));
    const batch = await sql.reserve();
    await batch`begin isolation level repeatable read`;
    // From here on the batch does not see a tombstone.
    await batch`select count(*) from erasures`;
    let isErased = false;
    const erasing = engine.eraseUser(projectId, "gone").finally(() => {
      isErased = true;
    });
    await poll("the tombstone", async () => {
      const rows = await sql`select from erasures where project_id = ${projectId}`;
      return rows.length === 1;
    });
    await batch`
      insert into events (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
      values (${projectId}, ${row?.eventId ?? ""}, ${row?.occurredAt ?? ""}, '2024-01-01', 'a', 'gone', '{}')`;
    await delay(50);
    expect(isErased).toBe(false);
    await batch`commit`;
    batch.release();
    expect((await erasing).removed).toEqual({ hot: 1 });
    expect(await count(projectId)).toBe(0);
  });
});
