import type { JetStreamManager } from "@nats-io/jetstream";
import { findFirstUnacked } from "../../contract/first-unacked.ts";
import { gauge, type Metric } from "../../contract/metrics/metric.ts";
import { DEAD_STREAM, EVENTS_STREAM, STORE_CONSUMER } from "../../contract/stream.ts";

/** What NATS says of the streams. Every worker says the same of them. @throws while NATS does not answer */
export async function readStreamMetrics(
  manager: JetStreamManager,
  now: () => number,
): Promise<Metric[]> {
  const events = await manager.streams.info(EVENTS_STREAM);
  const [consumer, dead] = await Promise.all([
    manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER),
    manager.streams.info(DEAD_STREAM),
  ]);
  const firstUnacked = findFirstUnacked(events, consumer);
  const oldest =
    firstUnacked === undefined
      ? undefined
      : await manager.direct.getMessage(EVENTS_STREAM, { seq: firstUnacked });
  const lag = consumer.num_pending + consumer.num_ack_pending;
  const { messages, bytes } = events.state;
  const each = (read: (stream: typeof events) => number) =>
    [events, dead].map((stream) => ({
      labels: { stream: stream.config.name },
      value: read(stream),
    }));

  return [
    gauge(
      "sluice_stream_messages",
      "Messages in the stream",
      each(({ state }) => state.messages),
    ),
    gauge(
      "sluice_stream_bytes",
      "Size of the stream",
      each(({ state }) => state.bytes),
    ),
    gauge(
      "sluice_stream_max_bytes",
      "Size at which the stream takes no more",
      each(({ config }) => config.max_bytes),
    ),
    gauge(
      "sluice_stream_oldest_message_age_seconds",
      "How long the oldest message of the stream has been there, 0 when there is none",
      each(({ state }) => (state.messages === 0 ? 0 : secondsSince(new Date(state.first_ts), now))),
    ),
    gauge("sluice_stream_lag_messages", "Messages of EVENTS that no worker has acknowledged", lag),
    gauge(
      "sluice_stream_lag_bytes",
      "Size of the messages of EVENTS that no worker has acknowledged, from the mean size of all",
      messages === 0 ? 0 : Math.round((bytes / messages) * Math.min(lag, messages)),
    ),
    gauge(
      "sluice_stream_lag_seconds",
      "How long the oldest message of EVENTS that no worker has acknowledged has been there, 0 when there is none",
      oldest === undefined || oldest === null ? 0 : secondsSince(oldest.time, now),
    ),
    gauge(
      "sluice_stream_unacknowledged_messages",
      "Messages of EVENTS that workers have fetched and not yet acknowledged",
      consumer.num_ack_pending,
    ),
  ];
}

function secondsSince(time: Date, now: () => number): number {
  return Math.max(0, (now() - time.getTime()) / 1_000);
}
