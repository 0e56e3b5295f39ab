import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EVENTS_STREAM, eventsSubject, STORE_CONSUMER } from "../../../contract/stream.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import type { Service } from "../../support/service.ts";
import { startTimescale } from "../../support/timescale.ts";
import { createEvents, createPublisher, type Publisher } from "./publisher.ts";
import { killWorkers, startWorker } from "./worker-process.ts";

describe.each([
  ["PostgreSQL", startPostgres],
  ["embedded TimescaleDB", startTimescale],
])("worker on %s", (kind, startDatabase) => {
  let nats: NatsService;
  let database: Service & { readonly url: string };
  let publisher: Publisher;
  let sql: postgres.Sql;

  beforeAll(async () => {
    [nats, database] = await Promise.all([startNats(), startDatabase()]);
    sql = postgres(database.url, { max: 2, onnotice: () => {} });
    publisher = await createPublisher(nats);
  });

  afterEach(killWorkers);

  afterAll(async () => {
    await publisher?.close();
    await sql?.end({ timeout: 1 });
    await Promise.all([nats?.stop(), database?.stop()]);
  });

  const services = () => ({ databaseUrl: database.url, nats });

  test("stores each event once, as it was sent, whatever is repeated", async () => {
    const worker = await startWorker(services());
    await worker.waitUntilReady();
    const events = createEvents(1_500);
    await publisher.publish("repeats", events);
    await publisher.publish("repeats", events);
    await publisher.publish("repeats", [...events.slice(0, 10), ...events.slice(0, 10)]);
    await publisher.waitUntilDrained();
    expect(await countRows("repeats")).toBe(1_500);
    const [stored] = await sql`
      select event_id, occurred_at, event_type, user_id, properties
      from events where project_id = 'repeats' and event_id = ${events[1]?.event_id ?? ""}`;
    expect(stored).toEqual({
      ...events[1],
      occurred_at: new Date(events[1]?.occurred_at ?? ""),
    });
    expect(await worker.end("SIGTERM")).toBe(0);
  });

  test("migrates once and finds its schema again", async () => {
    const second = await startWorker(services());
    await second.waitUntilReady();
    expect(second.logs.filter(({ msg }) => msg === "migration applied")).toEqual([]);
    const variants = await sql<{ name: string; variant: string | null }[]>`
      select name, variant from sluice_migrations order by name`;
    const hourly = variants.find(({ name }) => name === "0004_events_hourly");
    expect(hourly?.variant).toBe(kind === "PostgreSQL" ? "plain" : "community");
    for (const view of ["events_hourly", "user_days"]) {
      const [row] = await sql`
        select sum(events)::int as events from ${sql(view)} where project_id = 'repeats'`;
      expect(row).toEqual({ events: 1_500 });
    }
  });

  test("acknowledges after the commit only, and a crash in between leaves one row each", async () => {
    const worker = await startWorker(services());
    await worker.waitUntilReady();
    const events = createEvents(300);
    const crash = kind === "PostgreSQL" ? crashBetweenCommitAndAck : crashSoon;
    await crash(events, worker);
    const next = await startWorker(services());
    await next.waitUntilReady();
    // What the dead worker held comes back after ack_wait.
    await publisher.waitUntilDrained();
    expect(await countRows("crash")).toBe(300);
  });

  test("stores the neighbours of poison and dead-letters it with its reason", async () => {
    const worker = await startWorker(services());
    await worker.waitUntilReady();
    const events = createEvents(5_000);
    const nul = { ...events[1_234], properties: { text: "a\u0000b" } };
    const noUuid = { ...events[4_999], event_id: "not-a-uuid" };
    const noText = { ...events[17], user_id: 42 };
    const poisoned: unknown[] = [...events];
    poisoned[1_234] = nul;
    poisoned[4_999] = noUuid;
    poisoned[17] = noText;
    const body = { v: 1, received_at: new Date().toISOString(), request_id: "r" };
    const chunks = [poisoned.slice(0, 2_500), poisoned.slice(2_500)];
    for (const chunk of chunks) {
      const payload = Buffer.from(JSON.stringify({ ...body, events: chunk }));
      await publisher.publishRaw(eventsSubject("poison"), payload);
    }
    await publisher.waitUntilDrained();
    expect(await countRows("poison")).toBe(4_997);
    const letters = await publisher.readDeadLetters("poison");
    expect(letters.map(({ event }) => event)).toEqual(
      expect.arrayContaining([nul, noUuid, noText]),
    );
    expect(letters).toHaveLength(3);
    expect(letters.map(({ sqlstate }) => sqlstate).sort()).toEqual(["22P02", "22P05", undefined]);
  });

  test("dead-letters a message that cannot be read, whole", async () => {
    const worker = await startWorker(services());
    await worker.waitUntilReady();
    await publisher.publishRaw(eventsSubject("garbled"), Buffer.from([0xff, 0x00, 0x7b]));
    await publisher.publish("garbled", createEvents(1));
    await publisher.waitUntilDrained();
    expect(await countRows("garbled")).toBe(1);
    expect(await publisher.readDeadLetters("garbled")).toEqual([
      expect.objectContaining({ subject: "events.garbled", payload_base64: "/wB7" }),
    ]);
  });

  test("loses nothing and exits with 0 on SIGTERM under load", async () => {
    const first = await startWorker(services());
    await first.waitUntilReady();
    const publishing = (async () => {
      for (let round = 0; round < 40; round += 1) {
        await publisher.publish("load", createEvents(250));
      }
    })();
    await poll("some rows", async () => (await countRows("load")) > 0);
    expect(await first.end("SIGTERM")).toBe(0);
    await publishing;
    const second = await startWorker(services());
    await second.waitUntilReady();
    await publisher.waitUntilDrained();
    expect(await countRows("load")).toBe(10_000);
    const [progress] = await sql<{ as_of: Date }[]>`select as_of from pipeline_as_of`;
    expect(progress?.as_of).toBeInstanceOf(Date);
  });

  async function countRows(projectId: string): Promise<number> {
    const [row] = await sql<{ rows: number }[]>`
      select count(*)::int as rows from events where project_id = ${projectId}`;
    return row?.rows ?? 0;
  }

  type Worker = Awaited<ReturnType<typeof startWorker>>;
  type Events = ReturnType<typeof createEvents>;

  /** A lock holds the insert, NATS dies, the commit happens, and the worker dies before it can acknowledge. */
  async function crashBetweenCommitAndAck(events: Events, worker: Worker): Promise<void> {
    const holder = await sql.reserve();
    await holder`begin`;
    await holder`lock table events in exclusive mode`;
    await publisher.publish("crash", events);
    await poll("the message held", async () => {
      const info = await publisher.manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
      return info.num_ack_pending > 0;
    });
    await poll("the insert waiting", async () => {
      const [row] = await sql`
        select from pg_stat_activity
        where application_name = 'sluice-worker' and wait_event_type = 'Lock'`;
      return row !== undefined;
    });
    await nats.kill();
    await holder`commit`;
    holder.release();
    await poll("the rows", async () => (await countRows("crash")) === 300);
    expect(await worker.end("SIGKILL")).toBe("SIGKILL");
    await nats.restart();
    const info = await poll("the consumer", () =>
      publisher.manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER),
    );
    const { state } = await publisher.manager.streams.info(EVENTS_STREAM);
    expect(info.ack_floor.stream_seq).toBeLessThan(state.last_seq);
  }

  /** The embedded database has one session, so nothing can hold its inserts: the worker dies as soon as the rows are there. */
  async function crashSoon(events: Events, worker: Worker): Promise<void> {
    await publisher.publish("crash", events);
    await poll("some rows", async () => (await countRows("crash")) > 0);
    await worker.end("SIGKILL");
  }
});
