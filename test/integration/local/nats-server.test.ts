import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EDGE_INBOX } from "../../../contract/stream.ts";
import { type NatsService, startNats } from "../../support/nats.ts";

let nats: NatsService;
let edge: NatsConnection;
let worker: NatsConnection;

beforeAll(async () => {
  nats = await startNats();
  const open = ({ user, password }: { user: string; password: string }) =>
    connect({ servers: nats.url, user, pass: password, inboxPrefix: EDGE_INBOX });
  edge = await open(nats.edge);
  worker = await open(nats.worker);
  const manager = await jetstreamManager(worker);
  await manager.streams.add({ name: "EVENTS", subjects: ["events.>"] });
});

afterAll(async () => {
  await edge?.close();
  await worker?.close();
  await nats?.stop();
});

describe("prepareNats()", () => {
  it("lets the edge publish events and read the acknowledgement", async () => {
    const reply = await edge.request("events.demo", "x", { timeout: 2_000 });
    expect(reply.json()).toEqual({ stream: "EVENTS", seq: 1 });
  });

  it.each([
    "dead.demo",
    "$JS.API.INFO",
    "$JS.API.STREAM.PURGE.EVENTS",
    "$JS.API.STREAM.MSG.GET.EVENTS",
    "$JS.API.DIRECT.GET.EVENTS",
    "$JS.API.CONSUMER.CREATE.EVENTS",
  ])("does not let the edge publish to %s", async (subject) => {
    const request = edge.request(subject, "", { timeout: 2_000 });
    await expect(request).rejects.toThrow(/permissions violation/i);
  });

  // The worker is sent events on inboxes of its own.
  it.each(["events.>", ">", "_INBOX.>", "_INBOX.*.*"])(
    "does not let the edge read %s",
    async (subject) => {
      const subscription = edge.subscribe(subject);
      const reading = (async () => {
        for await (const message of subscription) return message;
        return undefined;
      })();
      await expect(reading).rejects.toThrow(/permissions violation/i);
    },
  );

  it("refuses who has no password", async () => {
    const connection = connect({ servers: nats.url, user: "worker", pass: "wrong" });
    await expect(connection).rejects.toThrow(/authorization violation/i);
  });

  it("keeps what it acknowledged over kill -9", async () => {
    await edge.request("events.demo", "y", { timeout: 2_000 });
    await nats.kill();
    await nats.restart();
    const again = await connect({
      servers: nats.url,
      user: nats.worker.user,
      pass: nats.worker.password,
    });
    const manager = await jetstreamManager(again);
    const { state } = await manager.streams.info("EVENTS");
    await again.close();
    expect(state.messages).toBe(2);
  });
});
