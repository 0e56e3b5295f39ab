import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DAY_MS } from "../../../worker/aggregates.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { startTimescale, type TimescaleService } from "../../support/timescale.ts";
import { createEvents, createPublisher, type Publisher } from "./publisher.ts";
import { killWorkers, startWorker } from "./worker-process.ts";

let nats: NatsService;
let database: TimescaleService;
let publisher: Publisher;
let sql: postgres.Sql;

const AGGREGATES = ["events_hourly", "user_days"];

beforeAll(async () => {
  [nats, database] = await Promise.all([startNats(), startTimescale()]);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  publisher = await createPublisher(nats);
});

afterEach(killWorkers);

afterAll(async () => {
  await publisher?.close();
  await sql?.end({ timeout: 1 });
  await Promise.all([nats?.stop(), database?.stop()]);
});

const services = () => ({ databaseUrl: database.url, nats });

test("an import moves the watermark on without waiting for a repair", async () => {
  const worker = await startWorker(services(), { FULL_REFRESH_MS: "86400000" });
  await worker.waitUntilReady();
  // Older than the other tests' rows: below the watermark those would be late.
  const occurredAtMs = Date.now() - 500 * DAY_MS;
  await publisher.publish("import", createEvents(50, occurredAtMs));
  for (const name of AGGREGATES) {
    await poll(`the watermark of ${name} behind the rows`, async () => {
      return (await readWatermark(name)) > occurredAtMs;
    });
    expect(await countEvents(name, "import")).toBe(50);
  }
  expect(await worker.end("SIGTERM")).toBe(0);
});

test("late rows become visible in every aggregate, and as_of waits for them", async () => {
  const settings = { FULL_REFRESH_MS: "1000" };
  const first = await startWorker(services(), settings);
  await first.waitUntilReady();
  const nowMs = Date.now();
  for (const days of [0, 3, 40]) {
    await publisher.publish("late", createEvents(50, nowMs - days * DAY_MS));
  }
  await publisher.waitUntilDrained();
  for (const name of AGGREGATES) {
    await poll(`the rows in ${name}`, async () => (await countEvents(name, "late")) === 150);
    await poll(`the watermark of ${name} near now`, async () => {
      return (await readWatermark(name)) > nowMs - 4 * DAY_MS;
    });
  }
  await first.end("SIGTERM");

  // From here on only the rows' own refresh can make them visible.
  const second = await startWorker(services(), { FULL_REFRESH_MS: "86400000" });
  await second.waitUntilReady();
  await poll("as_of moving", async () => (await readAsOf()) > nowMs);
  const sentMs = Date.now();
  await publisher.publish("late", createEvents(7, nowMs - 20 * DAY_MS));
  await publisher.publish("late", createEvents(7, nowMs - 400 * DAY_MS));
  await poll("as_of beyond the late rows", async () => {
    const asOf = await readAsOf();
    const counts = await Promise.all(AGGREGATES.map((name) => countEvents(name, "late")));
    if (asOf <= sentMs + 1_000) return false;
    expect(counts).toEqual([164, 164]);
    return true;
  });
  expect(await second.end("SIGTERM")).toBe(0);
});

test("a worker that died with rows unrefreshed holds as_of back until its successor has repaired them", async () => {
  const nowMs = Date.now();
  const settings = { WORKER_ID: "same", USER_DAYS_REFRESH_MS: "3600000" };
  const first = await startWorker(services(), settings);
  await first.waitUntilReady();
  await publisher.publish("dead", createEvents(5, nowMs - 30 * DAY_MS));
  await publisher.waitUntilDrained();
  await first.end("SIGKILL");
  const second = await startWorker(services(), settings);
  await second.waitUntilReady();
  const drainedMs = Date.now();
  await poll("as_of beyond the rows", async () => (await readAsOf()) > drainedMs);
  for (const name of AGGREGATES) expect(await countEvents(name, "dead")).toBe(5);
});

async function countEvents(name: string, projectId: string): Promise<number> {
  const [row] = await sql<{ events: number }[]>`
    select coalesce(sum(events), 0)::int as events from ${sql(name)} where project_id = ${projectId}`;
  return row?.events ?? 0;
}

async function readWatermark(name: string): Promise<number> {
  const [row] = await sql<{ us: number }[]>`
    select _timescaledb_functions.cagg_watermark(mat_hypertable_id)::float8 as us
    from _timescaledb_catalog.continuous_agg where user_view_name = ${name}`;
  return (row?.us ?? 0) / 1_000;
}

async function readAsOf(): Promise<number> {
  const [row] = await sql<{ as_of: Date }[]>`select as_of from pipeline_as_of`;
  return row?.as_of.getTime() ?? 0;
}
