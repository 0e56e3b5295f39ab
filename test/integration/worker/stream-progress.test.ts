import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVENTS_STREAM, STORE_CONSUMER } from "../../../contract/stream.ts";
import { connectNats } from "../../../worker/nats.ts";
import { prepareStreams } from "../../../worker/start-up.ts";
import { createStreamProgress } from "../../../worker/stream-progress.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";

const STREAMS = { maxBytes: 16 * 1024 * 1024, maxAgeHours: 1, replicas: 1 };
const logger = pino({ level: "silent" });

let nats: NatsService;
let connection: NatsConnection;

beforeAll(async () => {
  nats = await startNats();
  const { user, password } = nats.tester;
  connection = await connectNats({
    NATS_URL: [nats.url],
    NATS_USER: user,
    NATS_PASSWORD: password,
  });
});
afterAll(async () => {
  await connection?.close();
  await nats?.stop();
});

describe("createStreamProgress()", () => {
  it("claims what is acknowledged, no more, and never less than before", async () => {
    const stop = new AbortController();
    const manager = await jetstreamManager(connection);
    const client = jetstream(connection);
    const prepare = () => prepareStreams(connection, STREAMS, 60_000);
    const ackNext = async () => {
      const consumer = await client.consumers.get(EVENTS_STREAM, STORE_CONSUMER);
      await (await consumer.next())?.ackAck();
    };
    const progress = createStreamProgress({ manager, logger });
    expect(progress.asOf()).toBeNull();
    const running = progress.run(stop.signal);
    try {
      const claimMs = () => Date.parse(progress.asOf() ?? "");
      // It goes on asking while there is no stream yet.
      await prepare();
      const idleMs = await poll("a claim", () => claimMs() || undefined);
      await poll("the claim of an empty stream to go on", () => claimMs() > idleMs);

      await client.publish("events.p", "first");
      await client.publish("events.p", "second");
      const [first, second] = await Promise.all(
        [1, 2].map((seq) => manager.direct.getMessage(EVENTS_STREAM, { seq })),
      );
      await poll("the claim at the first message", () => claimMs() === first?.time.getTime());
      await ackNext();
      await poll("the claim at the second message", () => claimMs() === second?.time.getTime());
      await ackNext();
      const endMs = await poll("the claim past the last message", () => {
        const ms = claimMs();
        return ms > (second?.time.getTime() ?? 0) ? ms : undefined;
      });

      await manager.consumers.delete(EVENTS_STREAM, STORE_CONSUMER);
      await prepare();
      await poll("all messages pending again", async () => {
        const { num_pending } = await manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
        return num_pending === 2;
      });
      expect(claimMs()).toBeGreaterThanOrEqual(endMs);
    } finally {
      stop.abort();
      await running;
    }
  });
});
