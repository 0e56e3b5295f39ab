import { describe, expect, test } from "vitest";
import { DEAD_STREAM, eventsSubject } from "../../../contract/stream.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices } from "./services.ts";
import type { WorkerProcess } from "./worker-process.ts";

const TOKEN = "the worker's token";
const UNKNOWN_ID = "0190b5a0-0000-7000-8000-000000000001";

const services = useWorkerServices(startPostgres);

describe("GET /dead-letters/<project>/<event id>", () => {
  test("answers the newest dead letter of the event", async () => {
    const worker = await services.startReadyWorker({ WORKER_TOKEN: TOKEN });
    const [event, ...others] = createEvents(3).map((event) => ({ ...event, user_id: 42 }));
    await publish("shop", [event, ...others]);
    await publish("blog", [event]);
    await publish("shop", [{ ...event, event_type: 7 }]);
    await services.publisher.waitUntilDrained();
    const response = await look(worker, `shop/${event?.event_id.toUpperCase()}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      reason: "event_type is not text that can be stored",
      stream_sequence: 3,
      subject: "events.shop",
      received_at: expect.any(String),
      failed_at: expect.any(String),
      event: { ...event, event_type: 7 },
    });
    const other = await look(worker, `shop/${others[0]?.event_id}`);
    expect(await other.json()).toMatchObject({ event: others[0] });
  });

  test.each([
    ["nothing dead", `shop/${UNKNOWN_ID}`],
    ["another project", `attic/${UNKNOWN_ID}`],
    ["no project", `Shop/${UNKNOWN_ID}`],
    ["a wildcard", `*/${UNKNOWN_ID}`],
    ["no event id", "shop/soon"],
    ["a wildcard of events", "shop/>"],
    ["more of a path", `shop/${UNKNOWN_ID}/more`],
  ])("answers 404 for %s", async (_, path) => {
    const worker = await services.startReadyWorker({ WORKER_TOKEN: TOKEN });
    await expectProblem(await look(worker, path), 404, "/problems/not-found");
  });

  test.each([
    ["no token", null],
    ["another token", "Bearer something else"],
    ["the start of the token", `Bearer ${TOKEN.slice(0, -1)}`],
    ["the token alone", TOKEN],
  ])("answers 401 to %s", async (_, authorization) => {
    const worker = await services.startReadyWorker({ WORKER_TOKEN: TOKEN });
    const response = await look(worker, `shop/${UNKNOWN_ID}`, authorization);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    await expectProblem(response, 401, "/problems/unauthorized");
  });

  test("answers 401 to everybody when no token is set", async () => {
    const worker = await services.startReadyWorker();
    for (const authorization of ["Bearer undefined", "Bearer ", null]) {
      const response = await look(worker, `shop/${UNKNOWN_ID}`, authorization);
      await expectProblem(response, 401, "/problems/unauthorized");
    }
  });

  test("answers 503 while NATS is away", async () => {
    const worker = await services.startReadyWorker({ WORKER_TOKEN: TOKEN });
    await services.nats.kill();
    try {
      const response = await look(worker, `shop/${UNKNOWN_ID}`);
      expect(response.headers.get("retry-after")).toBe("2");
      await expectProblem(response, 503, "/problems/store-unavailable");
    } finally {
      await services.nats.restart();
    }
    await poll("an answer", async () => {
      return (await look(worker, `shop/${UNKNOWN_ID}`)).status === 404;
    });
  });
});

test("creates a deleted stream of dead letters again, and keeps the messages that need it", async () => {
  const worker = await services.startReadyWorker();
  await services.publisher.manager.streams.delete(DEAD_STREAM);
  const [event] = createEvents(1);
  await publish("streamless", [{ ...event, user_id: 42 }, ...createEvents(9)]);
  await services.publisher.waitUntilDrained();
  expect(await services.countRows("streamless")).toBe(9);
  expect(await services.publisher.readDeadLetters("streamless")).toEqual([
    expect.objectContaining({ reason: "user_id is not text that can be stored" }),
  ]);
  expect(worker.hasExited).toBe(false);
});

/** Past the edge's validation. */
async function publish(projectId: string, events: readonly unknown[]): Promise<void> {
  const body = { v: 1, received_at: new Date().toISOString(), request_id: "r", events };
  await services.publisher.publishRaw(eventsSubject(projectId), Buffer.from(JSON.stringify(body)));
}

function look(
  worker: WorkerProcess,
  path: string,
  authorization: string | null = `Bearer ${TOKEN}`,
): Promise<Response> {
  return fetch(`${worker.url}/dead-letters/${path}`, {
    headers: authorization === null ? {} : { authorization },
  });
}

async function expectProblem(response: Response, status: number, type: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ type, status });
}
