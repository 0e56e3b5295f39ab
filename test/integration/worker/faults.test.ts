import { StorageType } from "@nats-io/jetstream";
import { expect, test } from "vitest";
import { EVENTS_STREAM, STORE_CONSUMER } from "../../../contract/stream.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices } from "./services.ts";
import { type LogLine, startWorker, type WorkerProcess } from "./worker-process.ts";

/** pino's. */
const ERROR = "error";

const services = useWorkerServices(startPostgres);

/** A backend may outlive its postmaster for a moment, and commit what it is sent meanwhile. */
async function killDatabase(worker: WorkerProcess): Promise<void> {
  await services.database.kill();
  await poll("the worker not ready", async () => !(await fetch(`${worker.url}/readyz`)).ok);
}

test("keeps its batch while the database is away", async () => {
  const worker = await services.startReadyWorker();
  await killDatabase(worker);
  await services.publisher.publish("database", createEvents(500));
  await poll("a failed write", () =>
    worker.logs.some(({ msg }) => msg === "write failed, retrying"),
  );
  expect((await fetch(`${worker.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
  await services.database.restart();
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("database")).toBe(500);
});

test("exits with 0 when stopped while the database is away, and loses nothing", async () => {
  const worker = await services.startReadyWorker();
  await killDatabase(worker);
  await services.publisher.publish("stopped", createEvents(500));
  await poll("a failed write", () =>
    worker.logs.some(({ msg }) => msg === "write failed, retrying"),
  );
  expect(await worker.end("SIGTERM")).toBe(0);
  await services.database.restart();
  await services.startReadyWorker();
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("stopped")).toBe(500);
});

test("goes on after NATS was killed and started again", async () => {
  const worker = await services.startReadyWorker();
  await services.publisher.publish("restart", createEvents(100));
  await services.publisher.waitUntilDrained();
  await services.nats.kill();
  await services.nats.restart();
  await poll("the publisher back", () =>
    services.publisher.publish("restart", createEvents(100)).then(() => true),
  );
  await poll("the rows", async () => (await services.countRows("restart")) >= 200, 45_000);
  expect(worker.hasExited).toBe(false);
});

test("creates a deleted consumer again and stores nothing twice", async () => {
  const worker = await services.startReadyWorker();
  await services.publisher.publish("deleted", createEvents(100));
  await services.publisher.waitUntilDrained();
  await services.publisher.manager.consumers.delete(EVENTS_STREAM, STORE_CONSUMER);
  await services.publisher.publish("deleted", createEvents(100));
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("deleted")).toBe(200);
  expect(worker.hasExited).toBe(false);
});

test("two workers share the consumer", async () => {
  const ids = ["shared-a", "shared-b"];
  const workers = await Promise.all(ids.map((id) => services.startReadyWorker({ WORKER_ID: id })));
  for (let round = 0; round < 20; round += 1)
    await services.publisher.publish("shared", createEvents(50));
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("shared")).toBe(1_000);
  const [row] = await services.sql`
    select count(*)::int as workers from pipeline_progress where worker_id in ${services.sql(ids)}`;
  expect(row).toEqual({ workers: 2 });
  expect(await Promise.all(workers.map((worker) => worker.end("SIGTERM")))).toEqual([0, 0]);
});

test("refuses a database that was migrated by other files", async () => {
  const [migration] = await services.sql<{ checksum: string }[]>`
    select checksum from sluice_migrations where name = '0001_events'`;
  await services.sql`update sluice_migrations set checksum = 'other' where name = '0001_events'`;
  try {
    const worker = await services.startWorker();
    expect(await worker.ended()).toBe(1);
    expect(worker.logs.at(-1)).toMatchObject({
      err: { message: expect.stringContaining("its file has changed since") },
    });
  } finally {
    await services.sql`
      update sluice_migrations set checksum = ${migration?.checksum ?? ""} where name = '0001_events'`;
  }
});

test("creates a deleted stream again, and takes no message of the new one for one of the old", async () => {
  const worker = await services.startReadyWorker();
  const { streams } = services.publisher.manager;
  const { config } = await streams.info(EVENTS_STREAM);
  const { state } = await streams.info(EVENTS_STREAM);
  await services.withTableLock(async () => {
    await services.publisher.publish("old", createEvents(10));
    await services.waitUntilInsertWaits();
    await streams.delete(EVENTS_STREAM);
    await poll("the stream again", () => streams.info(EVENTS_STREAM));
    // So many that one of them has the place of the message that is held.
    for (let message = 0; message <= state.last_seq; message += 1) {
      await services.publisher.publish("new", createEvents(1));
    }
  });
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("new")).toBe(state.last_seq + 1);
  expect(await services.countRows("old")).toBe(10);
  expect((await streams.info(EVENTS_STREAM)).config).toEqual(config);
  expect(worker.hasExited).toBe(false);
});

test("waits for its stream while another one has its name", async () => {
  const worker = await services.startReadyWorker();
  const { streams } = services.publisher.manager;
  const { config } = await streams.info(EVENTS_STREAM);
  const isInTheWay = (line: LogLine) =>
    line.level === ERROR && JSON.stringify(line.err).includes("storage is");
  await poll("a stream in the way", async () => {
    // The worker may be the faster one.
    await streams.delete(EVENTS_STREAM).catch(() => {});
    const { name, subjects } = config;
    await streams.add({ name, subjects, storage: StorageType.Memory });
    return true;
  });
  await poll("the complaint", () => worker.logs.some(isInTheWay));
  expect(worker.hasExited).toBe(false);
  await streams.delete(EVENTS_STREAM);
  await poll("the stream again", async () => {
    return (await streams.info(EVENTS_STREAM)).config.storage === StorageType.File;
  });
  await services.publisher.publish("afterwards", createEvents(10));
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("afterwards")).toBe(10);
});

test("refuses a stream that is not what it needs, naming the option", async () => {
  await services.publisher.manager.streams.delete(EVENTS_STREAM);
  await services.publisher.manager.streams.add({
    name: EVENTS_STREAM,
    subjects: ["events.>"],
    storage: StorageType.Memory,
  });
  const worker = await services.startWorker();
  expect(await worker.ended()).toBe(1);
  expect(worker.logs.at(-1)).toMatchObject({
    err: { message: expect.stringContaining('storage is "memory", wanted "file"') },
  });
});

test("lists every wrong setting and exits with 1", async () => {
  const worker = await startWorker(
    { databaseUrl: "nonsense", nats: services.nats },
    { BATCH_MAX_ROWS: "0" },
  );
  expect(await worker.ended()).toBe(1);
  expect(worker.logs.at(-1)).toMatchObject({
    problems: [
      "DATABASE_URL is not a postgres:// URL",
      "BATCH_MAX_ROWS is not a whole number from 1 to 200000",
    ],
  });
});
