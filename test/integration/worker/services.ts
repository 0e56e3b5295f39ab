import postgres from "postgres";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import type { Service } from "../../support/service.ts";
import { createPublisher, type Publisher } from "./publisher.ts";
import { killWorkers, startWorker, type WorkerProcess } from "./worker-process.ts";

type DatabaseService = Service & { readonly url: string };
type Settings = Readonly<Record<string, string>>;

/** What every test of the worker needs, there from the first `beforeAll` on. */
export type WorkerServices = {
  readonly nats: NatsService;
  readonly database: DatabaseService;
  readonly publisher: Publisher;
  readonly sql: postgres.Sql;
  /** A worker that has yet to become ready, or to fail. */
  startWorker(settings?: Settings): Promise<WorkerProcess>;
  startReadyWorker(settings?: Settings): Promise<WorkerProcess>;
  countRows(projectId: string): Promise<number>;
  /** Lets no insert into the table of events through until the action is over. */
  withTableLock(action: () => Promise<void>): Promise<void>;
  waitUntilInsertWaits(): Promise<void>;
};

/** Starts NATS and a database before the tests of this file or block, ends workers after each test and all after the last. */
export function useWorkerServices(startDatabase: () => Promise<DatabaseService>): WorkerServices {
  let nats: NatsService | undefined;
  let database: DatabaseService | undefined;
  let publisher: Publisher | undefined;
  let sql: postgres.Sql | undefined;

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

  const services: WorkerServices = {
    get nats() {
      return started(nats);
    },
    get database() {
      return started(database);
    },
    get publisher() {
      return started(publisher);
    },
    get sql() {
      return started(sql);
    },
    startWorker(settings) {
      return startWorker({ databaseUrl: services.database.url, nats: services.nats }, settings);
    },
    async startReadyWorker(settings) {
      const worker = await services.startWorker(settings);
      await worker.waitUntilReady();
      return worker;
    },
    async countRows(projectId) {
      const [row] = await services.sql<{ rows: number }[]>`
        select count(*)::int as rows from events where project_id = ${projectId}`;
      return row?.rows ?? 0;
    },
    async withTableLock(action) {
      const holder = await services.sql.reserve();
      try {
        await holder`begin`;
        await holder`lock table events in exclusive mode`;
        await action();
      } finally {
        await holder`commit`;
        holder.release();
      }
    },
    async waitUntilInsertWaits() {
      await poll("the insert waiting", async () => {
        const [row] = await services.sql`
          select from pg_stat_activity
          where application_name = 'sluice-worker' and wait_event_type = 'Lock'`;
        return row !== undefined;
      });
    },
  };
  return services;
}

function started<T>(service: T | undefined): T {
  if (service === undefined) throw new Error("Cannot use service: it has not started");
  return service;
}
