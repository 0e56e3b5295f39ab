import { describe, expect, test } from "vitest";
import { EVENTS_STREAM, eventsSubject, STORE_CONSUMER } from "../../../contract/stream.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import { startTimescale } from "../../support/timescale.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices } from "./services.ts";
import type { WorkerProcess } from "./worker-process.ts";

describe.each([
  ["PostgreSQL", startPostgres],
  ["embedded TimescaleDB", startTimescale],
])("worker on %s", (kind, startDatabase) => {
  const services = useWorkerServices(startDatabase);

  test("stores each event once, as it was sent, whatever is repeated", async () => {
    const worker = await services.startReadyWorker();
    const events = createEvents(1_500);
    await services.publisher.publish("repeats", events);
    await services.publisher.publish("repeats", events);
    await services.publisher.publish("repeats", [...events.slice(0, 10), ...events.slice(0, 10)]);
    await services.publisher.waitUntilDrained();
    expect(await services.countRows("repeats")).toBe(1_500);
    const [stored] = await services.sql`
      select event_id, occurred_at, event_type, user_id, properties
      from events where project_id = 'repeats' and event_id = ${events[1]?.event_id ?? ""}`;
    expect(stored).toEqual({
      ...events[1],
      occurred_at: new Date(events[1]?.occurred_at ?? ""),
    });
    expect(await worker.end("SIGTERM")).toBe(0);
  });

  test("migrates once and finds its schema again", async () => {
    const second = await services.startReadyWorker();
    expect(second.logs.filter(({ msg }) => msg === "migration applied")).toEqual([]);
    const variants = await services.sql<{ name: string; variant: string | null }[]>`
      select name, variant from sluice_migrations order by name`;
    const hourly = variants.find(({ name }) => name === "0004_events_hourly");
    expect(hourly?.variant).toBe(kind === "PostgreSQL" ? "plain" : "community");
    for (const view of ["events_hourly", "user_days"]) {
      const [row] = await services.sql`
        select sum(events)::int as events from ${services.sql(view)} where project_id = 'repeats'`;
      expect(row).toEqual({ events: 1_500 });
    }
  });

  test("acknowledges after the commit only, and a crash in between leaves one row each", async () => {
    const worker = await services.startReadyWorker();
    const events = createEvents(300);
    const crash = kind === "PostgreSQL" ? crashBetweenCommitAndAck : crashSoon;
    await crash(events, worker);
    await services.startReadyWorker();
    // What the dead worker held comes back after ack_wait.
    await services.publisher.waitUntilDrained();
    expect(await services.countRows("crash")).toBe(300);
  });

  test("stores the neighbours of poison and dead-letters it with its reason", async () => {
    await services.startReadyWorker();
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
      await services.publisher.publishRaw(eventsSubject("poison"), payload);
    }
    await services.publisher.waitUntilDrained();
    expect(await services.countRows("poison")).toBe(4_997);
    const letters = await services.publisher.readDeadLetters("poison");
    expect(letters.map(({ event }) => event)).toEqual(
      expect.arrayContaining([nul, noUuid, noText]),
    );
    expect(letters).toHaveLength(3);
    expect(letters.map(({ sqlstate }) => sqlstate).sort()).toEqual(["22P02", "22P05", undefined]);
  });

  test("dead-letters a message that cannot be read, whole", async () => {
    await services.startReadyWorker();
    await services.publisher.publishRaw(eventsSubject("garbled"), Buffer.from([0xff, 0x00, 0x7b]));
    await services.publisher.publish("garbled", createEvents(1));
    await services.publisher.waitUntilDrained();
    expect(await services.countRows("garbled")).toBe(1);
    expect(await services.publisher.readDeadLetters("garbled")).toEqual([
      expect.objectContaining({ subject: "events.garbled", payload_base64: "/wB7" }),
    ]);
  });

  test("loses nothing and exits with 0 on SIGTERM under load", async () => {
    const first = await services.startReadyWorker();
    const publishing = (async () => {
      for (let round = 0; round < 40; round += 1) {
        await services.publisher.publish("load", createEvents(250));
      }
    })();
    await poll("some rows", async () => (await services.countRows("load")) > 0);
    expect(await first.end("SIGTERM")).toBe(0);
    await publishing;
    await services.startReadyWorker();
    await services.publisher.waitUntilDrained();
    expect(await services.countRows("load")).toBe(10_000);
    const [progress] = await services.sql<{ as_of: Date }[]>`select as_of from pipeline_as_of`;
    expect(progress?.as_of).toBeInstanceOf(Date);
  });

  type Events = ReturnType<typeof createEvents>;

  /** A lock holds the insert, NATS dies, the commit happens, and the worker dies before it can acknowledge. */
  async function crashBetweenCommitAndAck(events: Events, worker: WorkerProcess): Promise<void> {
    await services.withTableLock(async () => {
      await services.publisher.publish("crash", events);
      await poll("the message held", async () => {
        const { consumers } = services.publisher.manager;
        return (await consumers.info(EVENTS_STREAM, STORE_CONSUMER)).num_ack_pending > 0;
      });
      await services.waitUntilInsertWaits();
      await services.nats.kill();
    });
    await poll("the rows", async () => (await services.countRows("crash")) === 300);
    expect(await worker.end("SIGKILL")).toBe("SIGKILL");
    await services.nats.restart();
    const info = await poll("the consumer", () =>
      services.publisher.manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER),
    );
    const { state } = await services.publisher.manager.streams.info(EVENTS_STREAM);
    expect(info.ack_floor.stream_seq).toBeLessThan(state.last_seq);
  }

  /** The embedded database has one session, so nothing can hold its inserts: the worker dies as soon as the rows are there. */
  async function crashSoon(events: Events, worker: WorkerProcess): Promise<void> {
    await services.publisher.publish("crash", events);
    await poll("some rows", async () => (await services.countRows("crash")) > 0);
    await worker.end("SIGKILL");
  }
});
