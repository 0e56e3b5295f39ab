import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StoreQueryInput } from "../../../contract/store-api.ts";
import { createUuidV7 } from "../../../contract/uuid.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { createEvents, createPublisher, type Publisher } from "../worker/publisher.ts";
import { killWorkers, startWorker, type WorkerProcess } from "../worker/worker-process.ts";

const TOKEN = "a token of 24 characters";

let nats: NatsService;
let publisher: Publisher;
let folder: TempDir;

beforeAll(async () => {
  [nats, folder] = await Promise.all([startNats(), makeTempDir("duckdb-worker")]);
  publisher = await createPublisher(nats);
});
afterEach(killWorkers);
afterAll(async () => {
  await publisher?.close();
  await nats?.stop();
  await folder?.remove();
});

describe("worker on DuckDB", { timeout: 60_000 }, () => {
  it("stores each event once, whatever is repeated, through kill -9", async () => {
    let worker = await startReadyWorker();
    const events = createEvents(6_000);
    for (let from = 0; from < events.length; from += 500) {
      await publisher.publish("kills", events.slice(from, from + 700));
      if (from % 2_000 === 1_500) {
        await worker.end("SIGKILL");
        worker = await startReadyWorker();
      }
    }
    await publisher.waitUntilDrained();
    const { rows, asOf } = await count(worker, "kills");
    expect(rows).toEqual([{ bucket: "2020-01-01T00:00:00Z", value: 6_000 }]);
    expect(Math.abs(Date.now() - Date.parse(asOf))).toBeLessThan(60_000);
    expect(await worker.end("SIGTERM")).toBe(0);
  });

  it("dead-letters what it cannot store, with the reason, and stores its neighbours", async () => {
    const worker = await startReadyWorker();
    const [bad] = createEvents(1);
    if (bad === undefined) throw new Error("no event");
    await publisher.publish("poison", [
      ...createEvents(20),
      { ...bad, event_id: "not-a-uuid" },
      { ...bad, event_id: createUuidV7(Date.now()), occurred_at: "Thu, 01 Jan 1970 00:00:00 GMT" },
    ]);
    await publisher.waitUntilDrained();
    expect((await count(worker, "poison")).rows).toEqual([
      { bucket: "2020-01-01T00:00:00Z", value: 20 },
    ]);
    const reasons = (await publisher.readDeadLetters("poison")).map(({ reason }) => reason);
    expect(reasons).toEqual([
      expect.stringContaining("Could not convert string 'not-a-uuid'"),
      expect.stringContaining("timestamp field"),
    ]);
  });

  it("waits for the process that has the file open, and says which one", async () => {
    const first = await startReadyWorker();
    const second = await start();
    const refusal = await poll("the refusal", () =>
      second.logs.find(({ msg }) => msg === "start-up step failed, retrying"),
    );
    expect(refusal.err).toMatchObject({
      message: expect.stringContaining(`open (PID ${first.pid})`),
    });
    await first.end("SIGTERM");
    await second.waitUntilReady();
  });
});

function start(): Promise<WorkerProcess> {
  return startWorker(
    { databaseUrl: "", nats },
    {
      STORE: "duckdb",
      DUCKDB_PATH: join(folder.path, "events.duckdb"),
      WORKER_TOKEN: TOKEN,
    },
  );
}

async function startReadyWorker(): Promise<WorkerProcess> {
  const worker = await start();
  await worker.waitUntilReady();
  return worker;
}

async function count(worker: WorkerProcess, projectId: string) {
  const question: StoreQueryInput = {
    read: "stats",
    project_id: projectId,
    query: { kind: "events", interval: "total", from: "2020-01-01", to: "2999-01-01" },
  };
  const response = await fetch(`${worker.url}/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(question),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as { rows: unknown; asOf: string };
}
