import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCursor, eventPageQuerySchema } from "../../../contract/event-page.ts";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { storeQuerySchema } from "../../../contract/store-api.ts";
import { createWorkerClient, type WorkerClient } from "../../../edge/store/worker-client.ts";
import { createWorkerReader } from "../../../edge/store/worker-reader.ts";
import {
  startWorkerDouble,
  WORKER_TOKEN,
  type WorkerCall,
  type WorkerDouble,
} from "./worker-double.ts";

let double: WorkerDouble;
let client: WorkerClient;
let onCall: (call: WorkerCall) => void;

beforeAll(async () => {
  double = await startWorkerDouble((call) => onCall(call));
  client = createWorkerClient({ url: double.url, token: WORKER_TOKEN });
});
afterAll(() => double?.close());

const STATS = statsQuerySchema.parse({
  kind: "funnel",
  from: "2024-01-01",
  to: "2024-02-01",
  steps: ["a", { event_type: "b", filters: [{ field: "properties.x", op: "gt", value: "1.5" }] }],
});
const EVENT = { event_id: randomUUID(), occurred_at: "2024-01-05T00:00:00.000001Z" };

describe("createWorkerReader()", () => {
  it("asks what the worker reads as it was meant", async () => {
    const reader = createWorkerReader(client);
    const page = eventPageQuerySchema.parse({
      cursor: encodeCursor(EVENT),
      user_id: "u",
      limit: 7,
    });
    const event_id = randomUUID();
    const occurred_at = EVENT.occurred_at;
    const wanted = [{ eventId: event_id, occurredAt: occurred_at }];
    const questions: unknown[] = [];
    onCall = ({ path, body, answer }) => {
      questions.push([path, storeQuerySchema.parse(body)]);
      answer({ stored: 1 });
    };
    await reader.readStats("demo", STATS);
    await reader.readPage("demo", page);
    await reader.findEvent("demo", event_id);
    expect(await reader.hasAll("demo", wanted, 1_234.5)).toBe(true);
    expect(
      await reader.hasAll(
        "demo",
        [...wanted, { eventId: event_id, occurredAt: undefined }],
        60_000,
      ),
    ).toBe(false);
    const own = { project_id: "demo", timeout_ms: 10_000 };
    const stored = { ...own, read: "stored", wanted: [{ event_id, occurred_at }] };
    expect(questions).toEqual([
      ["/query", { ...own, read: "stats", query: STATS }],
      ["/query", { ...own, read: "page", query: page }],
      ["/query", { ...own, read: "event", event_id }],
      ["/query", { ...stored, timeout_ms: 1_235 }],
      ["/query", { ...stored, wanted: [{ event_id, occurred_at }, { event_id }] }],
    ]);
  });

  it("gives the worker's answer as it is", async () => {
    const reading = { rows: [{ step_1: 3, step_2: 1 }], asOf: null, sources: ["cold", "events"] };
    onCall = (call) => call.answer(reading);
    expect(await createWorkerReader(client).readStats("demo", STATS)).toEqual(reading);
  });
});

describe("createWorkerClient() fails", () => {
  const ERRORS = [{ pointer: "/limit", detail: "limit is too large" }];
  const away = {
    slug: "store-unavailable",
    options: {
      detail: "The worker cannot be reached, or answered an error: ask again",
      headers: { "retry-after": "2" },
    },
    cause: expect.any(Error),
  };

  it.each<[string, (call: WorkerCall) => void, object]>([
    [
      "with what is wrong with the question",
      (call) => call.answer({ type: "/problems/invalid-query", errors: ERRORS }, 422),
      { slug: "invalid-query", options: { errors: ERRORS } },
    ],
    [
      "with what the worker says was slow",
      (call) => call.answer({ type: "/problems/store-timeout", detail: "duckdb was slow" }, 504),
      {
        slug: "store-timeout",
        options: { detail: "duckdb was slow", headers: { "retry-after": "2" } },
      },
    ],
    [
      "with what the worker says is away, and for how long",
      ({ response, answer }) => {
        response.setHeader("retry-after", "9");
        answer({ type: "/problems/store-unavailable", detail: "It is away" }, 503);
      },
      {
        slug: "store-unavailable",
        options: { detail: "It is away", headers: { "retry-after": "9" } },
      },
    ],
    [
      "without the worker's own faults",
      (call) => call.answer({ type: "/problems/internal-error", detail: "secret" }, 500),
      away,
    ],
    [
      "when it is answered no problem",
      ({ response }) => response.writeHead(502).end("<html>"),
      away,
    ],
    ["when it is answered null", (call) => call.answer(null, 503), away],
    ["when the worker hangs up", ({ response }) => response.destroy(), away],
    ["when the answer is no JSON", ({ response }) => response.end("<html>"), away],
    [
      "when the answer breaks off",
      ({ response }) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("{", () => response.destroy());
      },
      away,
    ],
  ])("%s", async (_, answer, error) => {
    onCall = answer;
    await expect(client.ask("/query", {}, 5_000)).rejects.toMatchObject(error);
  });

  it("when it may not ask, or nobody is there", async () => {
    onCall = (call) => call.answer({});
    const others = [
      createWorkerClient({ url: double.url, token: "another token" }),
      createWorkerClient({ url: "http://127.0.0.1:1", token: WORKER_TOKEN }),
    ];
    for (const other of others)
      await expect(other.ask("/query", {}, 5_000)).rejects.toMatchObject(away);
  });

  it.each<[string, (call: WorkerCall) => void]>([
    ["does not answer", () => {}],
    [
      "stops in the middle",
      ({ response }) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("{");
      },
    ],
  ])("saying how long it was given when the worker %s", async (_, answer) => {
    onCall = answer;
    await expect(client.ask("/query", {}, 100)).rejects.toMatchObject({
      slug: "store-timeout",
      options: {
        detail: "The worker did not answer within 0.1 s",
        headers: { "retry-after": "5" },
      },
    });
  });

  it("to open an answer that does not begin, and lets one go on that has begun", async () => {
    const { signal } = new AbortController();
    onCall = () => {};
    await expect(client.open("/export", {}, 100, signal)).rejects.toMatchObject({
      slug: "store-timeout",
    });
    onCall = ({ response }) => {
      response.writeHead(200);
      response.write("begun, ");
      setTimeout(() => response.end("ended"), 1_000);
    };
    const answer = await client.open("/export", {}, 100, signal);
    expect(await answer.text()).toBe("begun, ended");
  });
});
