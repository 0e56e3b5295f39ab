import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { formatExposition } from "../../../contract/metrics/exposition.ts";
import { DEAD_STREAM, EVENTS_STREAM, STORE_CONSUMER } from "../../../contract/stream.ts";
import { readStreamMetrics } from "../../../worker/metrics/stream-metrics.ts";
import { connectNats } from "../../../worker/nats.ts";
import { prepareStreams } from "../../../worker/start-up.ts";
import { parseScrape } from "../../support/metrics/scrape.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";

const STREAMS = { maxBytes: 16 * 1024 * 1024, maxAgeHours: 1, replicas: 1 };

let nats: NatsService;
let connection: NatsConnection;

beforeAll(async () => {
  nats = await startNats();
  // As the worker itself, whose permissions are narrow.
  const { user, password } = nats.worker;
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

it("readStreamMetrics() tells how far behind the workers are in messages, bytes and seconds", async () => {
  const manager = await prepareStreams(connection, STREAMS, 60_000);
  const client = jetstream(connection);
  const sizes = { EVENTS: { stream: EVENTS_STREAM }, DEAD: { stream: DEAD_STREAM } };
  let nowMs = Date.now();
  const read = async () =>
    parseScrape(formatExposition(await readStreamMetrics(manager, () => nowMs)));

  const empty = await read();
  for (const name of ["messages", "bytes", "seconds"]) {
    expect(empty.value(`sluice_stream_lag_${name}`)).toBe(0);
  }
  expect(empty.value("sluice_stream_max_bytes", sizes.EVENTS)).toBe(STREAMS.maxBytes);
  expect(empty.value("sluice_stream_oldest_message_age_seconds", sizes.EVENTS)).toBe(0);

  const publisher = await connectNats({
    NATS_URL: [nats.url],
    NATS_USER: nats.tester.user,
    NATS_PASSWORD: nats.tester.password,
  });
  try {
    const publishing = jetstream(publisher);
    for (const text of ["first", "other", "third"]) await publishing.publish("events.p", text);
    await publishing.publish("dead.p.unknown", "a letter");
  } finally {
    await publisher.close();
  }
  const [first, second] = await Promise.all(
    [1, 2].map((seq) => manager.direct.getMessage(EVENTS_STREAM, { seq })),
  );
  nowMs = (first?.time.getTime() ?? 0) + 90_000;
  const behind = await read();
  const bytes = behind.value("sluice_stream_bytes", sizes.EVENTS) ?? 0;
  expect(bytes).toBeGreaterThan(0);
  expect(behind.value("sluice_stream_messages", sizes.EVENTS)).toBe(3);
  expect(behind.value("sluice_stream_messages", sizes.DEAD)).toBe(1);
  expect(behind.value("sluice_stream_lag_messages")).toBe(3);
  expect(behind.value("sluice_stream_lag_bytes")).toBe(bytes);
  expect(behind.value("sluice_stream_lag_seconds")).toBe(90);
  expect(behind.value("sluice_stream_oldest_message_age_seconds", sizes.EVENTS)).toBe(90);

  const consumer = await client.consumers.get(EVENTS_STREAM, STORE_CONSUMER);
  await (await consumer.next())?.ackAck();
  const held = await consumer.next();
  nowMs = (second?.time.getTime() ?? 0) + 5_000;
  const later = await poll("one message less", async () => {
    const now = await read();
    return now.value("sluice_stream_lag_messages") === 2 && now;
  });
  expect(later.value("sluice_stream_unacknowledged_messages")).toBe(1);
  expect(later.value("sluice_stream_lag_bytes")).toBe(Math.round((bytes / 3) * 2));
  expect(later.value("sluice_stream_lag_seconds")).toBe(5);
  held?.ack();
});
