import { createCounter } from "../../contract/metrics/counter.ts";
import { createHistogram } from "../../contract/metrics/histogram.ts";
import type { Metric } from "../../contract/metrics/metric.ts";
import type { PublishOutcome, StreamMessage } from "../publish/nats-publisher.ts";

/** `kept`: in the outbox. Neither `refused` nor `unreachable` is stored: their senders were answered 503. */
const OUTCOMES = ["stored", "duplicate", "kept", "refused", "unreachable"] as const;

/** What a publisher counts. It outlives the isolates that it serves, and is one of a few. */
export type PublisherCounters = {
  /** A message's fate when its publishing is over; `seconds` that it took NATS, where NATS was asked. */
  count(
    message: Pick<StreamMessage, "events">,
    outcome: PublishOutcome["status"] | "kept",
    seconds: number | undefined,
  ): void;
  countDrained(messages: number): void;
  metrics(): Metric[];
};

export function createPublisherCounters(): PublisherCounters {
  const messages = createCounter({
    name: "sluice_publisher_messages_total",
    help: "Messages handed to the publisher, by what became of them: kept is in its outbox, refused and unreachable are not stored",
    labels: { outcome: OUTCOMES },
  });
  const events = createCounter({
    name: "sluice_publisher_events_total",
    help: "Events in the messages handed to the publisher",
    labels: { outcome: OUTCOMES },
  });
  const drained = createCounter({
    name: "sluice_outbox_drained_messages_total",
    help: "Messages of the outbox that the stream has taken since",
  });
  const seconds = createHistogram({
    name: "sluice_publisher_publish_duration_seconds",
    help: "How long NATS took to acknowledge a message, or not to",
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5],
  });
  return {
    count(message, outcome, took) {
      messages.add(1, { outcome });
      events.add(message.events, { outcome });
      if (took !== undefined) seconds.observe(took);
    },
    countDrained: (count) => drained.add(count),
    metrics: () => [messages.metric(), events.metric(), drained.metric(), seconds.metric()],
  };
}
