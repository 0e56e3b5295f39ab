import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { findListeningSockets } from "../../support/listening-sockets.ts";
import type { NatsService } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { killWorkers, startWorker } from "./worker-process.ts";

/** Nothing is behind this worker: its HTTP side is there all the same. */
const NOBODY = {
  databaseUrl: "postgres://sluice:secret@127.0.0.1:1/sluice",
  nats: {
    url: "nats://127.0.0.1:1",
    worker: { user: "worker", password: "worker-development" },
  } as NatsService,
};
const TOKEN = "0123456789abcdef0123456789abcdef";

let tempDir: TempDir;

beforeAll(async () => {
  tempDir = await makeTempDir("worker");
});
afterEach(killWorkers);
afterAll(() => tempDir.remove());

test("a worker listens on the loopback interface only, unless it is told otherwise", async () => {
  const worker = await startWorker(NOBODY);
  await poll("the worker's port", async () => (await fetch(`${worker.url}/healthz`)).ok);
  const addresses = findListeningSockets([worker.pid]).map(({ address }) => address);
  expect(addresses).toEqual(["127.0.0.1"]);
});

test("a worker takes its token from a file, and without one answers health only", async () => {
  const WORKER_TOKEN_FILE = join(tempDir.path, "token");
  await writeFile(WORKER_TOKEN_FILE, `${TOKEN}\n`);
  for (const [settings, status] of [
    [{ WORKER_TOKEN_FILE }, 400],
    [{}, 401],
  ] as const) {
    const worker = await startWorker(NOBODY, settings);
    await poll("the worker's port", async () => (await fetch(`${worker.url}/healthz`)).ok);
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${worker.url}/query`, { method: "POST", headers, body: "{" });
    expect(response.status).toBe(status);
    await worker.end("SIGKILL");
  }
});

test("a worker in production refuses to start with what everybody knows, and does not log it", async () => {
  const worker = await startWorker(NOBODY, {
    ENVIRONMENT: "production",
    WORKER_TOKEN: "worker-development-token",
    COLD_S3_SECRET_ACCESS_KEY_FILE: join(tempDir.path, "none"),
  });
  expect(await worker.ended()).toBe(1);
  await poll("the last line", () => worker.logs.length > 0);
  expect(worker.logs).toMatchObject([
    {
      msg: "environment is not valid",
      problems: [
        `COLD_S3_SECRET_ACCESS_KEY_FILE "${join(tempDir.path, "none")}" cannot be read: ENOENT`,
        "NATS_PASSWORD is a development secret, which everybody knows",
        "WORKER_TOKEN is a development secret, which everybody knows",
      ],
    },
  ]);
  expect(JSON.stringify(worker.logs)).not.toContain("worker-development");
});
