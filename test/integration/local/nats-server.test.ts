import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNatsPublisher, type NatsPublisher } from "../../../edge/nats-publisher.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";

let nats: NatsService;
let publisher: NatsPublisher;

beforeAll(async () => {
  nats = await startNats();
  publisher = createNatsPublisher({ servers: [nats.websocketUrl], ...nats.edge, name: "test" });
});

afterAll(() => nats?.stop());

describe("prepareNats()", () => {
  it("keeps what it acknowledged over kill -9", async () => {
    const before = await open();
    await (await jetstreamManager(before)).streams.add({ name: "EVENTS", subjects: ["events.>"] });
    await before.close();
    expect((await publish("x")).status).toBe("stored");
    await nats.kill();
    await nats.restart();
    // The connection that was lost is opened again.
    await poll("an acknowledgement", async () => (await publish("y")).status === "stored");
    const after = await open();
    const { state } = await (await jetstreamManager(after)).streams.info("EVENTS");
    await after.close();
    expect(state.messages).toBe(2);
  });
});

function open(): Promise<NatsConnection> {
  const { user, password } = nats.tester;
  return connect({ servers: nats.url, user, pass: password });
}

function publish(messageId: string) {
  const payload = new TextEncoder().encode(messageId);
  return publisher.publish({ subject: "events.demo", messageId, payload, events: 1 });
}
