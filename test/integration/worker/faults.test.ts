import { StorageType } from "@nats-io/jetstream";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { EVENTS_STREAM, STORE_CONSUMER } from "../../../contract/stream.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { createEvents, createPublisher, type Publisher } from "./publisher.ts";
import { killWorkers, startWorker, type WorkerProcess } from "./worker-process.ts";

let nats: NatsService;
let database: PostgresService;
let publisher: Publisher;
let sql: postgres.Sql;

beforeAll(async () => {
  [nats, database] = await Promise.all([startNats(), startPostgres()]);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  publisher = await createPublisher(nats);
});

afterEach(killWorkers);

afterAll(async () => {
  await publisher?.close();
  await sql?.end({ timeout: 1 });
  await Promise.all([nats?.stop(), database?.stop()]);
});

async function startReadyWorker(
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  const worker = await startWorker({ databaseUrl: database.url, nats }, settings);
  await worker.waitUntilReady();
  return worker;
}

test("keeps its batch while the database is away", async () => {
  const worker = await startReadyWorker();
  await database.kill();
  await publisher.publish("database", createEvents(500));
  await poll("a failed write", () =>
    worker.logs.some(({ msg }) => msg === "write failed, retrying"),
  );
  expect((await fetch(`${worker.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
  await database.restart();
  await publisher.waitUntilDrained();
  expect(await countRows("database")).toBe(500);
});

test("exits with 0 when stopped while the database is away, and loses nothing", async () => {
  const worker = await startReadyWorker();
  await database.kill();
  await publisher.publish("stopped", createEvents(500));
  await poll("a failed write", () =>
    worker.logs.some(({ msg }) => msg === "write failed, retrying"),
  );
  expect(await worker.end("SIGTERM")).toBe(0);
  await database.restart();
  await startReadyWorker();
  await publisher.waitUntilDrained();
  expect(await countRows("stopped")).toBe(500);
});

test("goes on after NATS was killed and started again", async () => {
  const worker = await startReadyWorker();
  await publisher.publish("restart", createEvents(100));
  await publisher.waitUntilDrained();
  await nats.kill();
  await nats.restart();
  await poll("the publisher back", () =>
    publisher.publish("restart", createEvents(100)).then(() => true),
  );
  await poll("the rows", async () => (await countRows("restart")) >= 200, 45_000);
  expect(worker.hasExited).toBe(false);
});

test("creates a deleted consumer again and stores nothing twice", async () => {
  const worker = await startReadyWorker();
  await publisher.publish("deleted", createEvents(100));
  await publisher.waitUntilDrained();
  await publisher.manager.consumers.delete(EVENTS_STREAM, STORE_CONSUMER);
  await publisher.publish("deleted", createEvents(100));
  await publisher.waitUntilDrained();
  expect(await countRows("deleted")).toBe(200);
  expect(worker.hasExited).toBe(false);
});

test("two workers share the consumer", async () => {
  const ids = ["shared-a", "shared-b"];
  const workers = await Promise.all(ids.map((id) => startReadyWorker({ WORKER_ID: id })));
  for (let round = 0; round < 20; round += 1) await publisher.publish("shared", createEvents(50));
  await publisher.waitUntilDrained();
  expect(await countRows("shared")).toBe(1_000);
  const [row] = await sql`
    select count(*)::int as workers from pipeline_progress where worker_id in ${sql(ids)}`;
  expect(row).toEqual({ workers: 2 });
  expect(await Promise.all(workers.map((worker) => worker.end("SIGTERM")))).toEqual([0, 0]);
});

test("refuses a database that was migrated by other files", async () => {
  const [migration] = await sql<{ checksum: string }[]>`
    select checksum from sluice_migrations where name = '0001_events'`;
  await sql`update sluice_migrations set checksum = 'other' where name = '0001_events'`;
  try {
    const worker = await startWorker({ databaseUrl: database.url, nats });
    expect(await worker.ended()).toBe(1);
    expect(worker.logs.at(-1)).toMatchObject({
      err: { message: expect.stringContaining("its file has changed since") },
    });
  } finally {
    await sql`
      update sluice_migrations set checksum = ${migration?.checksum ?? ""} where name = '0001_events'`;
  }
});

test("refuses a stream that is not what it needs, naming the option", async () => {
  await publisher.manager.streams.delete(EVENTS_STREAM);
  await publisher.manager.streams.add({
    name: EVENTS_STREAM,
    subjects: ["events.>"],
    storage: StorageType.Memory,
  });
  const worker = await startWorker({ databaseUrl: database.url, nats });
  expect(await worker.ended()).toBe(1);
  expect(worker.logs.at(-1)).toMatchObject({
    err: { message: expect.stringContaining('storage is "memory", wanted "file"') },
  });
});

test("lists every wrong setting and exits with 1", async () => {
  const worker = await startWorker({ databaseUrl: "nonsense", nats }, { BATCH_MAX_ROWS: "0" });
  expect(await worker.ended()).toBe(1);
  expect(worker.logs.at(-1)).toMatchObject({
    problems: [
      "DATABASE_URL is not a postgres:// URL",
      "BATCH_MAX_ROWS is not a whole number from 1 to 200000",
    ],
  });
});

async function countRows(projectId: string): Promise<number> {
  const [row] = await sql<{ rows: number }[]>`
    select count(*)::int as rows from events where project_id = ${projectId}`;
  return row?.rows ?? 0;
}
