import { describe, expect, test } from "vitest";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices } from "./services.ts";
import type { WorkerProcess } from "./worker-process.ts";

const services = useWorkerServices(startPostgres);
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/);

describe("the worker's log", () => {
  test("names what a line is about: batch, request, project, place in the stream", async () => {
    const worker = await services.startReadyWorker({ ACCESS_LOG: "true" });
    const [event] = createEvents(1);
    await services.publisher.publish("shop", [{ ...event, event_type: 7 } as never]);
    expect(await findLine(worker, "events dead-lettered")).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      batch_id: UUID,
      project: "shop",
      request_id: "test",
      sequence: expect.any(Number),
      events: 1,
      msg: "events dead-lettered",
    });
    await services.publisher.publishRaw("events.shop", new TextEncoder().encode("no envelope"));
    expect(await findLine(worker, "message dead-lettered")).toMatchObject({
      level: "warn",
      project: "shop",
      sequence: expect.any(Number),
    });

    await services.withTableLock(async () => {
      await services.publisher.publish("shop", createEvents(1));
      await services.waitUntilInsertWaits();
      await services.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where query like '%insert into events%' and pid <> pg_backend_pid() and wait_event_type = 'Lock'`;
    });
    expect(await findLine(worker, "write failed, retrying")).toMatchObject({
      batch_id: UUID,
      err: { type: expect.any(String), message: expect.any(String), stack: expect.any(String) },
    });
    expect(await findLine(worker, "request")).toEqual({
      level: "info",
      time: expect.any(String),
      method: "GET",
      route: "health",
      status: expect.any(Number),
      duration_ms: expect.any(Number),
      msg: "request",
    });
  });

  test("is one line for a crash, its stack escaped", async () => {
    const crash = `setTimeout(() => { throw new Error("first\\nsecond") }, 300)`;
    const worker = await services.startWorker({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}`,
    });
    expect(await worker.ended()).toBe(1);
    // Each line was parsed as JSON when it came.
    expect(worker.logs.at(-1)).toMatchObject({
      level: "fatal",
      msg: "worker crashed",
      err: { type: "Error", message: "first\nsecond", stack: expect.stringContaining("\n    at ") },
    });
  });
});

async function findLine(worker: WorkerProcess, message: string): Promise<unknown> {
  return await poll(`a line "${message}"`, async () =>
    worker.logs.find(({ msg }) => msg === message),
  );
}
