import { expect, test } from "vitest";
import { DAY_MS } from "../../../worker/timescale/aggregates.ts";
import { poll } from "../../support/poll.ts";
import { startTimescale } from "../../support/timescale.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices } from "./services.ts";

const services = useWorkerServices(startTimescale);

const AGGREGATES = ["events_hourly", "user_days"];

test("an import moves the watermark on without waiting for a repair", async () => {
  const worker = await services.startReadyWorker({ FULL_REFRESH_MS: "86400000" });
  // Older than the other tests' rows: below the watermark those would be late.
  const occurredAtMs = Date.now() - 500 * DAY_MS;
  await services.publisher.publish("import", createEvents(50, occurredAtMs));
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
  const first = await services.startReadyWorker(settings);
  const nowMs = Date.now();
  for (const days of [0, 3, 40]) {
    await services.publisher.publish("late", createEvents(50, nowMs - days * DAY_MS));
  }
  await services.publisher.waitUntilDrained();
  for (const name of AGGREGATES) {
    await poll(`the rows in ${name}`, async () => (await countEvents(name, "late")) === 150);
    await poll(`the watermark of ${name} near now`, async () => {
      return (await readWatermark(name)) > nowMs - 4 * DAY_MS;
    });
  }
  await first.end("SIGTERM");

  // From here on only the rows' own refresh can make them visible.
  const second = await services.startReadyWorker({ FULL_REFRESH_MS: "86400000" });
  await poll("as_of moving", async () => (await readAsOf()) > nowMs);
  const sentMs = Date.now();
  await services.publisher.publish("late", createEvents(7, nowMs - 20 * DAY_MS));
  await services.publisher.publish("late", createEvents(7, nowMs - 400 * DAY_MS));
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
  const first = await services.startReadyWorker(settings);
  await services.publisher.publish("dead", createEvents(5, nowMs - 30 * DAY_MS));
  await services.publisher.waitUntilDrained();
  await first.end("SIGKILL");
  await services.startReadyWorker(settings);
  const drainedMs = Date.now();
  await poll("as_of beyond the rows", async () => (await readAsOf()) > drainedMs);
  for (const name of AGGREGATES) expect(await countEvents(name, "dead")).toBe(5);
});

async function countEvents(name: string, projectId: string): Promise<number> {
  const [row] = await services.sql<{ events: number }[]>`
    select coalesce(sum(events), 0)::int as events from ${services.sql(name)} where project_id = ${projectId}`;
  return row?.events ?? 0;
}

async function readWatermark(name: string): Promise<number> {
  const [row] = await services.sql<{ us: number }[]>`
    select _timescaledb_functions.cagg_watermark(mat_hypertable_id)::float8 as us
    from _timescaledb_catalog.continuous_agg where user_view_name = ${name}`;
  return (row?.us ?? 0) / 1_000;
}

async function readAsOf(): Promise<number> {
  const [row] = await services.sql<{ as_of: Date }[]>`select as_of from pipeline_as_of`;
  return row?.as_of.getTime() ?? 0;
}
