import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { sendGet } from "./abandoned-request.ts";
import { type EdgeProcess, KEY_SECRET, startEdge } from "./edge-process.ts";
import {
  startWorkerDouble,
  WORKER_TOKEN,
  type WorkerCall,
  type WorkerDouble,
} from "./worker-double.ts";

let nats: NatsService;
let worker: WorkerDouble;
let edge: EdgeProcess;
let onCall: (call: WorkerCall) => void;

beforeAll(async () => {
  worker = await startWorkerDouble((call) => onCall(call));
  nats = await startNats();
  edge = await startEdge(nats, { DATABASE_URL: "", WORKER_URL: worker.url, WORKER_TOKEN });
});
afterAll(async () => {
  await edge?.stop();
  await nats?.stop();
  await worker?.close();
});

const LINE = `${JSON.stringify({ event_type: "signup", user_id: "u" })}\n`;
const CHUNK = LINE.repeat(1_000);

const KEY = createKey({ scope: "r", projectId: "demo", kid: "k1" }, KEY_SECRET);
const PATH = "/v1/export?from=2024-01-01&to=2024-02-01";

function get(signal?: AbortSignal): Promise<Response> {
  return fetch(edge.url + PATH, {
    headers: { authorization: `Bearer ${KEY}` },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Sends `chunks` chunks as fast as the reader takes them. */
async function send({ response }: WorkerCall, chunks: number): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  // Nothing drains any more once the edge has gone.
  response.on("close", () => response.emit("drain"));
  for (let index = 0; index < chunks && !response.destroyed; index += 1) {
    if (!response.write(CHUNK)) await once(response, "drain");
  }
}

describe("an export", () => {
  it("is the worker's stream, byte for byte", async () => {
    onCall = async (call) => {
      await send(call, 500);
      call.response.end();
    };
    const response = await get();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(response.headers.get("content-disposition")).toBe(
      'attachment; filename="sluice-demo-2024-01-01-2024-02-01.ndjson"',
    );
    let bytes = 0;
    for await (const chunk of response.body ?? []) bytes += chunk.byteLength;
    expect(bytes).toBe(500 * CHUNK.length);
  });

  it.each([0, 1, 50])("breaks when the worker's stream breaks after %d chunks", async (chunks) => {
    onCall = async (call) => {
      await send(call, chunks);
      call.response.flushHeaders();
      // What was written is on its way before the connection is cut.
      setTimeout(() => call.response.destroy(), 50);
    };
    const outcome = await get()
      .then((response) => response.text())
      .catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(Error);
  });

  it("ends the worker's reading when the client hangs up", async () => {
    const call = Promise.withResolvers<WorkerCall>();
    onCall = (asked) => {
      call.resolve(asked);
      return send(asked, Number.POSITIVE_INFINITY);
    };
    const hangUp = new AbortController();
    const response = await get(hangUp.signal);
    await response.body?.getReader().read();
    hangUp.abort();
    const asked = await call.promise;
    await poll("a cancelled request", async () => asked.isCancelled());
  });

  it("ends the worker's work when the client hangs up before the first byte", async () => {
    const call = Promise.withResolvers<WorkerCall>();
    onCall = call.resolve;
    const client = await sendGet(edge.url + PATH, KEY);
    const asked = await call.promise;
    client.hangUp();
    await poll("a cancelled request", async () => asked.isCancelled());
  });
});
