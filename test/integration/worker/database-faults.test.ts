import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { EVENTS_STREAM, eventsSubject, STORE_CONSUMER } from "../../../contract/stream.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices } from "./services.ts";
import type { LogLine, WorkerProcess } from "./worker-process.ts";

const ACK_WAIT_MS = 2_000;

const services = useWorkerServices(startPostgres);

test.each([
  ["deadlock", "40P01"],
  ["serialization failure", "40001"],
])("writes a batch again after a %s", async (kind, sqlstate) => {
  const project = `code-${sqlstate.toLowerCase()}`;
  const worker = await services.startReadyWorker();
  await withTrigger(
    // A sequence counts on although the transaction is rolled back.
    `if new.project_id = '${project}' and nextval('inserts') <= 3 then
       raise exception '${kind}' using errcode = '${sqlstate}';
     end if;`,
    async () => {
      await services.publisher.publish(project, createEvents(700));
      await services.publisher.waitUntilDrained();
    },
  );
  expect(await services.countRows(project)).toBe(700);
  expect(await services.publisher.readDeadLetters(project)).toEqual([]);
  expect(failuresOf(worker).map(({ code }) => code)).toEqual([sqlstate, sqlstate, sqlstate]);
});

test("is the victim of a real deadlock and stores its batch all the same", async () => {
  // The worker looks for a deadlock once, so long after it began to wait; the other side leaves it to the worker.
  await services.sql`alter role sluice set deadlock_timeout = '3s'`;
  try {
    const worker = await services.startReadyWorker();
    const [first, last] = createEvents(2).sort((a, b) => (a.event_id < b.event_id ? -1 : 1));
    if (first === undefined || last === undefined) throw new Error("Cannot test: no events");
    const holder = await services.sql.reserve();
    const insert = ({ event_id, occurred_at }: typeof first) => holder`
      insert into events (project_id, event_id, occurred_at, received_at, event_type, user_id, properties)
      values ('deadlock', ${event_id}, ${occurred_at}, now(), 'other', 'other', '{}')
      on conflict do nothing`;
    try {
      await holder`begin`;
      await holder`set local deadlock_timeout = '60s'`;
      await insert(last);
      await services.publisher.publish("deadlock", [first, last]);
      await services.waitUntilInsertWaits();
      await insert(first);
    } finally {
      await holder`commit`;
      holder.release();
    }
    await services.publisher.waitUntilDrained();
    expect(failuresOf(worker).map(({ code }) => code)).toContain("40P01");
    const rows = await services.sql`select event_type from events where project_id = 'deadlock'`;
    expect(rows.map(({ event_type }) => event_type)).toEqual(["other", "other"]);
  } finally {
    await services.sql`alter role sluice reset deadlock_timeout`;
  }
});

test("keeps what it holds while the database is slow, beyond ack_wait", async () => {
  await services.startReadyWorker({ ACK_WAIT_MS: String(ACK_WAIT_MS) });
  const before = await consumerInfo();
  const { consumer_seq } = before.delivered;
  await services.withTableLock(async () => {
    for (let round = 0; round < 20; round += 1) {
      await services.publisher.publish("slow", createEvents(50));
    }
    await services.waitUntilInsertWaits();
    await delay(2 * ACK_WAIT_MS);
    expect(await consumerInfo()).toMatchObject({
      num_redelivered: 0,
      delivered: { consumer_seq: consumer_seq + 20 },
    });
  });
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("slow")).toBe(1_000);
  expect((await consumerInfo()).delivered.consumer_seq).toBe(consumer_seq + 20);
});

test("loses nothing when the database is killed and started again under load", async () => {
  let worker = await services.startReadyWorker();
  // As a supervisor does it: the driver may write to a socket that is gone, which nobody can catch.
  const supervise = async () => {
    if (worker.hasExited) worker = await services.startReadyWorker();
  };
  const load = publishFor("restarted", 60);
  for (let time = 0; time < 2; time += 1) {
    const rows = await services.countRows("restarted");
    await poll("progress", async () => {
      await supervise();
      return (await services.countRows("restarted")) > rows;
    });
    await services.database.kill();
    // Backends that have yet to notice the kill hold its shared memory, and it refuses to start beside them.
    await poll("the database again", () => services.database.restart().then(() => true));
  }
  await load;
  const areAllStored = async () => {
    await supervise();
    return (await services.countRows("restarted")) >= 60 * 100;
  };
  await poll("every row", areAllStored, 40_000);
  await services.publisher.waitUntilDrained(15_000);
  expect(await services.countRows("restarted")).toBe(60 * 100);
  expect(await services.publisher.readDeadLetters("restarted")).toEqual([]);
});

test("three workers, one of them killed: nothing is lost, nothing is stored twice", async () => {
  const ids = ["killed-a", "killed-b", "killed-c"];
  const [killed, ...others] = await Promise.all(
    ids.map((id) => services.startReadyWorker({ WORKER_ID: id, ACK_WAIT_MS: String(ACK_WAIT_MS) })),
  );
  const load = publishFor("killed", 100);
  await poll("some rows", async () => (await services.countRows("killed")) > 0);
  expect(await killed?.end("SIGKILL")).toBe("SIGKILL");
  await load;
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("killed")).toBe(10_000);
  expect(others.map(({ hasExited }) => hasExited)).toEqual([false, false]);
});

test.each([
  ["an event id that is no UUID", "22P02", { event_id: "not-a-uuid" }],
  ["text that only the database refuses", "22P05", { properties: { text: "a\u0000b" } }],
  ["a constraint of the table", "23514", { event_type: "refused" }],
])("one poison row among 5,000 in one message: %s", async (_, sqlstate, poison) => {
  const project = `poison-${sqlstate.toLowerCase()}`;
  const worker = await services.startReadyWorker();
  await services.sql`
    alter table events add constraint not_refused check (event_type <> 'refused') not valid`;
  try {
    // Short ones, so that all of them fit into one message.
    const events = createEvents(5_000).map((event) => ({ ...event, properties: {} }));
    const poisoned = { ...events[3_210], ...poison };
    const body = {
      v: 1,
      received_at: new Date().toISOString(),
      request_id: "r",
      events: events.with(3_210, poisoned as (typeof events)[number]),
    };
    const payload = Buffer.from(JSON.stringify(body));
    await services.publisher.publishRaw(eventsSubject(project), payload);
    await services.publisher.waitUntilDrained();
  } finally {
    await services.sql`alter table events drop constraint not_refused`;
  }
  expect(await services.countRows(project)).toBe(4_999);
  const letters = await services.publisher.readDeadLetters(project);
  expect(letters).toEqual([
    expect.objectContaining({
      sqlstate,
      reason: expect.stringMatching(/\S/),
      subject: eventsSubject(project),
      event: expect.objectContaining(poison),
    }),
  ]);
  // The search for the row waits for nothing.
  expect(failuresOf(worker)).toEqual([]);
});

test("dead-letters nothing while the table is gone, and goes on once it is back", async () => {
  const worker = await services.startReadyWorker();
  await services.sql`alter table events rename to events_away`;
  try {
    await services.publisher.publish("tableless", createEvents(2));
    // By then it has halved the batch, and has a single row that could be to blame.
    await poll(
      "a row tried alone",
      () => failuresOf(worker).some(({ rows }) => rows === 1),
      40_000,
    );
    await services.publisher.publish("tableless", createEvents(200));
  } finally {
    await services.sql`alter table events_away rename to events`;
  }
  await services.publisher.waitUntilDrained(40_000);
  expect(await services.countRows("tableless")).toBe(202);
  expect(await services.publisher.readDeadLetters("tableless")).toEqual([]);
  expect(failuresOf(worker)[0]).toMatchObject({
    msg: "write failed unexpectedly, retrying",
    code: "42P01",
  });
});

test("SIGTERM under load: what is committed is acknowledged, and nothing of it comes again", async () => {
  const first = await services.startReadyWorker();
  const before = await consumerInfo();
  expect(before.num_ack_pending).toBe(0);
  const load = publishFor("sigterm", 100);
  await poll("some rows", async () => (await services.countRows("sigterm")) > 1_000);
  expect(await first.end("SIGTERM")).toBe(0);
  const after = await consumerInfo();
  const delivered = after.delivered.stream_seq - before.delivered.stream_seq;
  expect(await services.countRows("sigterm")).toBe(100 * (delivered - after.num_ack_pending));
  await load;
  await services.startReadyWorker();
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("sigterm")).toBe(10_000);
  const { delivered: end } = await consumerInfo();
  const redeliveries =
    end.consumer_seq -
    before.delivered.consumer_seq -
    (end.stream_seq - before.delivered.stream_seq);
  expect(redeliveries).toBe(after.num_ack_pending);
});

/** As fast as the stream takes them, 100 events a message. */
async function publishFor(projectId: string, messages: number): Promise<void> {
  for (let message = 0; message < messages; message += 1) {
    await services.publisher.publish(projectId, createEvents(100));
    await delay(10);
  }
}

function consumerInfo() {
  return services.publisher.manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
}

function failuresOf(worker: WorkerProcess): LogLine[] {
  return worker.logs.filter(({ msg }) => msg.startsWith("write failed"));
}

async function withTrigger(body: string, action: () => Promise<void>): Promise<void> {
  const { sql } = services;
  await sql`create sequence inserts`;
  await sql.unsafe(
    `create function refuse() returns trigger language plpgsql as $$ begin ${body} return new; end $$`,
  );
  await sql`create trigger refuse before insert on events for each row execute function refuse()`;
  try {
    await action();
  } finally {
    await sql`drop trigger refuse on events`;
    await sql`drop function refuse`;
    await sql`drop sequence inserts`;
  }
}
