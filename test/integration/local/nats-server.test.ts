import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVENTS_STREAM } from "../../../contract/stream.ts";
import { eventsStreamWish } from "../../../contract/stream-wish.ts";
import { createNatsPublisher, type NatsPublisher } from "../../../edge/publish/nats-publisher.ts";
import { NATS_WEBSOCKET } from "../../../edge/publish/nats-websocket.ts";
import { findFreePort } from "../../../local/free-port.ts";
import { prepareNats, prepareServer } from "../../../local/nats-server.ts";
import { answersTcp } from "../../../local/probes.ts";
import { ensureConsumer, ensureStream } from "../../../worker/streams.ts";
import { NATS_PASSWORDS, type NatsService, startNats, toNatsService } from "../../support/nats.ts";
import { addTester } from "../../support/nats-tester.ts";
import { poll } from "../../support/poll.ts";
import { startService } from "../../support/service.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const STREAM = eventsStreamWish({ maxBytes: 1_000_000, maxAgeHours: 1, replicas: 1 });

describe("prepareNats()", () => {
  let nats: NatsService;
  let publisher: NatsPublisher;

  beforeAll(async () => {
    nats = await startNats();
    publisher = createNatsPublisher(
      { servers: [nats.websocketUrl], ...nats.edge, name: "test" },
      NATS_WEBSOCKET,
    );
  });

  afterAll(() => nats?.stop());

  it("keeps what it acknowledged over kill -9", async () => {
    await withManager(nats, (manager) => ensureStream(manager, STREAM));
    expect((await publish("x")).status).toBe("stored");
    await nats.kill();
    await nats.restart();
    // The connection that was lost is opened again.
    await poll("an acknowledgement", async () => (await publish("y")).status === "stored");
    const { state } = await withManager(nats, ({ streams }) => streams.info(EVENTS_STREAM));
    expect(state.messages).toBe(2);
  });

  function publish(messageId: string) {
    const payload = new TextEncoder().encode(messageId);
    return publisher.publish({ subject: "events.demo", messageId, payload, events: 1 });
  }
});

it("prepareNats() keeps streams, and what is read of them, from before there were accounts", async () => {
  const tempDir = await makeTempDir("nats-upgrade");
  const keptDir = { path: tempDir.path, remove: async () => {} };
  const folder = join(tempDir.path, "nats");
  const port = await findFreePort();
  const websocketPort = await findFreePort(new Set([port]));
  const isReady = (signal: AbortSignal) => answersTcp(port, signal, "", /^INFO .*"jetstream":true/);
  try {
    const config = `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(folder)} }\n`;
    const part = {
      name: "old",
      ...(await prepareServer(folder, config)),
      readyTimeoutMs: 20_000,
      isReady,
    };
    const old = await startService(part, keptDir);
    const before = await connect({ servers: `127.0.0.1:${port}` });
    const manager = await jetstreamManager(before);
    await ensureStream(manager, STREAM);
    await ensureConsumer(manager, 10_000);
    const client = manager.jetstream();
    for (const text of ["read", "unread"]) await client.publish("events.demo", text);
    const consumer = await client.consumers.get(EVENTS_STREAM, "store");
    await (await consumer.next())?.ackAck();
    await before.close();
    await old.stop();

    const prepared = await prepareNats({
      dataDir: tempDir.path,
      port,
      websocketPort,
      passwords: NATS_PASSWORDS,
    });
    await addTester(prepared);
    const nats = toNatsService(await startService(prepared, keptDir), { port, websocketPort });
    const found = await withManager(nats, async ({ consumers, streams }) => ({
      messages: (await streams.info(EVENTS_STREAM)).state.messages,
      pending: (await consumers.info(EVENTS_STREAM, "store")).num_pending,
    }));
    await nats.stop();
    expect(found).toEqual({ messages: 2, pending: 1 });
  } finally {
    await tempDir.remove();
  }
});

async function withManager<T>(
  nats: NatsService,
  use: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>,
): Promise<T> {
  const { user, password } = nats.tester;
  const connection: NatsConnection = await connect({ servers: nats.url, user, pass: password });
  try {
    return await use(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}
