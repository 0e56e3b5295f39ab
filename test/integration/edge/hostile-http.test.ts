import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { createHttpClient, type HttpClient } from "../../fuzz/http/http-client.ts";
import { type Header, toWire } from "../../fuzz/http/http-request.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { createEvents, type EdgeProcess, KEY_SECRET, startEdge } from "./edge-process.ts";
import { type EventsStream, openEventsStream } from "./events-stream.ts";

let nats: NatsService;
let stream: EventsStream;
let edge: EdgeProcess;
let client: HttpClient;

beforeAll(async () => {
  nats = await startNats();
  stream = await openEventsStream(nats);
  await stream.create();
  edge = await startEdge(nats);
  client = createHttpClient(Number(new URL(edge.url).port));
});
afterAll(async () => {
  client?.close();
  await edge?.stop();
  await stream?.connection.close();
  await nats?.stop();
});

async function send(method: string, target: string, headers: readonly Header[], body?: string) {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const wire = toWire({ method, target, headers, body: bytes });
  const { answers } = await client.exchange(wire, 20_000);
  const [answer] = answers;
  return { status: answer?.status, text: answer?.body.toString() ?? "" };
}

const key = createKey({ scope: "w", projectId: "http", kid: "k1" }, KEY_SECRET);
const OWN: readonly Header[] = [
  ["authorization", `Bearer ${key}`],
  ["content-type", "application/json"],
];

describe("the edge", () => {
  // Miniflare's own Worker answered 415 to it, after ours had stored the event.
  it("answers what it did, whatever encoding the client can read", async () => {
    const headers: Header[] = [...OWN, ["accept-encoding", "gzip;q=x, *;q=0"]];
    const { status } = await send("POST", "/v1/events", headers, JSON.stringify(createEvents(1)));
    expect(status).toBe(202);
  });

  it.each([
    ["MF-Route-Override", "elsewhere"],
    ["MF-Original-URL", "nonsense"],
    ["MF-CF-Blob", "{"],
    ["MF-Proxy-Shared-Secret", "guess"],
    ["MF-Disable-Pretty-Error", "true"],
  ])("does not obey a client's %s", async (name, value) => {
    expect((await send("GET", "/healthz", [[name, value]])).status).toBe(200);
  });

  it.each(["/cdn-cgi/local/platform-proxy", "/cdn-cgi/local/explorer", "/cdn-cgi/local/scheduled"])(
    "does not have Miniflare's route %s",
    async (path) => {
      const { status, text } = await send("GET", path, [["host", "localhost"]]);
      expect(status).toBe(404);
      expect(text).toContain("/problems/not-found");
    },
  );

  it.each([
    ["OPTIONS", "*", "sluice.test"],
    ["GET", "/nowhere", "a b"],
    ["GET", "/nowhere", "%00"],
    ["GET", "/nowhere", "[::1"],
  ])("answers %s %s with the host %s by a problem", async (method, target, host) => {
    const { status, text } = await send(method, target, [["host", host]]);
    expect(status).toBe(404);
    expect(text).toContain("/problems/not-found");
  });

  it("asks for a key also where the host makes no URL", async () => {
    const { status, text } = await send("GET", "/v1/stats/top-events?from=x", [["host", "a b"]]);
    expect(status).toBe(401);
    expect(text).toContain("/problems/unauthorized");
  });
});
