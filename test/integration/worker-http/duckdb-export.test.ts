import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXPORT_FORMATS } from "../../../contract/store-api.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { createPublisher, type Publisher } from "../worker/publisher.ts";
import { killWorkers, startWorker, type WorkerProcess } from "../worker/worker-process.ts";
import { anyEvent, byId, readExport } from "./read-export.ts";

const TOKEN = "token-of-the-worker";

/** What has left PostgreSQL is what has left DuckDB. */
describe("the worker on DuckDB", () => {
  let nats: NatsService;
  let publisher: Publisher;
  let worker: WorkerProcess;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "sluice-duckdb-http-"));
    nats = await startNats();
    publisher = await createPublisher(nats);
    worker = await startWorker(
      { databaseUrl: "", nats },
      {
        STORE: "duckdb",
        DUCKDB_PATH: join(folder, "events.duckdb"),
        SCRATCH_DIR: folder,
        WORKER_TOKEN: TOKEN,
      },
    );
    await worker.waitUntilReady();
  });
  afterAll(async () => {
    await publisher?.close();
    await killWorkers();
    await nats?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("exports what sluice import takes back, whatever is in it", async () => {
    const seed = Date.now();
    const events = fc.sample(anyEvent, { seed, numRuns: 6_000 });
    for (let start = 0; start < events.length; start += 500) {
      await publisher.publish("whole", events.slice(start, start + 500));
    }
    await publisher.waitUntilDrained();
    for (const format of EXPORT_FORMATS) {
      const response = await fetch(`${worker.url}/export`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({
          project_id: "whole",
          from: "2000-01-01T00:00:00Z",
          to: "2100-01-01T00:00:00Z",
          format,
        }),
        signal: AbortSignal.timeout(30_000),
      });
      const content = Buffer.from(await response.arrayBuffer());
      expect(await readExport(format, content), `${format}, seed ${seed}`).toEqual(byId(events));
    }
  });
});
