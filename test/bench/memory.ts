import { setTimeout as delay } from "node:timers/promises";
import { createPublisher } from "../integration/worker/publisher.ts";
import { killWorkers, startWorker } from "../integration/worker/worker-process.ts";
import { startNats } from "../support/nats.ts";
import { startPostgres } from "../support/postgres.ts";
import { type StackService, startStack } from "../support/stack.ts";
import { createStackClient } from "../support/stack-client.ts";
import { createBenchEvents } from "./bench-events.ts";
import { postBatches } from "./post-events.ts";
import { findDescendant, residentMiBOf } from "./process-usage.ts";
import { report } from "./report.ts";
import { spread } from "./statistics.ts";

const EVERY_MS = 200;
const REST_MS = 5_000;
const LOAD = { batches: 300, size: 500, concurrency: 4 };
const WAITING_EVENTS = 1_000_000;
const EVENTS_A_MESSAGE = 500;

/** Resident memory of every process at rest and under load, and of the worker before a full stream. */
export async function benchMemory(): Promise<void> {
  const stack = await startStack({
    env: { RATE_LIMIT_EVENTS_PER_SECOND: "10000000", RATE_LIMIT_BURST_EVENTS: "10000000" },
  });
  try {
    const client = await createStackClient(stack);
    const pids = await pidsOf(stack);
    const atRest = await sampleWhile(pids, delay(REST_MS));
    const load = async () => {
      await postBatches(client, LOAD);
      await client.waitUntilCounted(120_000);
    };
    const underLoad = await sampleWhile(pids, load());
    for (const name of pids.keys()) {
      report(`resident memory, ${name}`, {
        "at rest, MiB": spread(atRest.get(name) ?? [], 0),
        "under load, MiB": spread(underLoad.get(name) ?? [], 0),
      });
    }
  } finally {
    await stack.stop();
  }
  await measureFullStream();
}

async function pidsOf(stack: StackService): Promise<Map<string, number>> {
  const { parts } = await stack.describe();
  const pids = new Map(Object.entries(parts).map(([name, { pid }]) => [name, pid]));
  pids.set("workerd", findDescendant(pids.get("edge") ?? 0, "workerd"));
  return pids.set("supervisor", stack.pid);
}

async function measureFullStream(): Promise<void> {
  const [nats, database] = await Promise.all([startNats(), startPostgres()]);
  const publisher = await createPublisher(nats);
  const services = { databaseUrl: database.url, nats };
  const settings = { STREAM_MAX_BYTES: String(2 ** 30) };
  try {
    const first = await startWorker(services, settings);
    await first.waitUntilReady();
    await first.end("SIGTERM");
    for (let sent = 0; sent < WAITING_EVENTS; sent += EVENTS_A_MESSAGE) {
      await publisher.publish("bench", createBenchEvents(EVENTS_A_MESSAGE));
    }
    const worker = await startWorker(services, settings);
    const memory = await sampleWhile(
      new Map([["worker", worker.pid]]),
      publisher.waitUntilDrained(300_000),
    );
    report("resident memory, worker before 1,000,000 waiting events", {
      MiB: spread(memory.get("worker") ?? [], 0),
    });
  } finally {
    await killWorkers();
    await publisher.close();
    await Promise.all([nats.stop(), database.stop()]);
  }
}

async function sampleWhile(
  pids: ReadonlyMap<string, number>,
  work: Promise<unknown>,
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>([...pids.keys()].map((name) => [name, []]));
  const takeSample = () => {
    for (const [name, pid] of pids) samples.get(name)?.push(residentMiBOf(pid));
  };
  const timer = setInterval(takeSample, EVERY_MS);
  try {
    await work;
    takeSample();
  } finally {
    clearInterval(timer);
  }
  return samples;
}
