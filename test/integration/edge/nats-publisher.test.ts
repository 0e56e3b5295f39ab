import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createNatsPublisher, type NatsPublisher } from "../../../edge/publish/nats-publisher.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { natsTransport, natsUrlOf } from "./edge-process.ts";

/**
 * What nats-servers answer of which the leader of a replicated stream notes a message id before the message is stored, and may keep
 * the note when the message is lost. Neither 2.9.10 nor the newest ones do.
 */
const NOTED = '{"stream":"EVENTS","seq":0,"duplicate":true}';
const IN_PROCESS =
  '{"error":{"code":409,"err_code":10158,"description":"duplicate message id is in process"},"stream":"EVENTS","seq":0}';
const STORED = '{"stream":"EVENTS","seq":7}';

let nats: NatsService;
let stream: NatsConnection;
let publisher: NatsPublisher;

beforeAll(async () => {
  nats = await startNats();
  const { user, password } = nats.tester;
  stream = await connect({ servers: nats.url, user, pass: password });
  publisher = createPublisher(natsUrlOf(nats));
});

afterAll(async () => {
  await stream?.close();
  await nats?.stop();
});

describe("createNatsPublisher()", () => {
  it.each([NOTED, IN_PROCESS])("does not take %s for an acknowledgement", async (answer) => {
    const { outcome } = await publish(() => answer);
    expect(outcome.status).toBe("unreachable");
  });

  it.each([NOTED, IN_PROCESS])("asks again when told %s", async (answer) => {
    let answers = 0;
    const { outcome, ids } = await publish(() => (answers++ < 2 ? answer : STORED));
    expect(outcome).toEqual({ status: "stored" });
    expect(ids).toEqual(["id", "id", "id"]);
  });

  it("publishes without an id what the stream has noted and never stores", async () => {
    const { outcome, ids } = await publish((id) => (id === "" ? STORED : NOTED));
    expect(outcome).toEqual({ status: "stored" });
    expect(ids.slice(0, 2)).toEqual(["id", "id"]);
    expect(ids.at(-1)).toBe("");
  });
});

describe.runIf(inject("edgeRuntime") === "node")("createNatsPublisher() with tls://", () => {
  it("sends nothing to a server that has no TLS, its password neither", async () => {
    const insisting = createPublisher(nats.url.replace("nats://", "tls://"));
    const message = {
      subject: "events.demo",
      messageId: "id",
      payload: new Uint8Array(1),
      events: 1,
    };
    expect(await insisting.publish(message)).toEqual({
      status: "unreachable",
      reason: "server does not support 'tls'",
    });
  });
});

function createPublisher(server: string): NatsPublisher {
  return createNatsPublisher({ servers: [server], ...nats.edge, name: "test" }, natsTransport());
}

/** Publishes one message to a stream that answers by the message's id. */
async function publish(answer: (id: string) => string) {
  const ids: string[] = [];
  const respond = (message: Msg) => {
    const id = message.headers?.get("Nats-Msg-Id") ?? "";
    ids.push(id);
    message.respond(answer(id));
  };
  const subscription = stream.subscribe("events.>", { callback: (_, message) => respond(message) });
  await stream.flush();
  const payload = new Uint8Array([1]);
  const outcome = await publisher.publish({
    subject: "events.demo",
    messageId: "id",
    payload,
    events: 1,
  });
  subscription.unsubscribe();
  return { outcome, ids };
}
