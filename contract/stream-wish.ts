import type { ConsumerConfig, StreamConfig } from "@nats-io/jetstream";
import {
  DEAD_STREAM,
  DEAD_SUBJECTS,
  DUPLICATE_WINDOW_SECONDS,
  EVENTS_STREAM,
  EVENTS_SUBJECTS,
  STORE_CONSUMER,
} from "./stream.ts";

const NANOS_PER_SECOND = 1_000_000_000;
/** Over all workers. Two full batches of one-event messages for each of a few workers. */
const MAX_ACK_PENDING = 100_000;

/** What settings of the worker say of the streams. */
export type StreamOptions = {
  readonly maxBytes: number;
  readonly maxAgeHours: number;
  readonly replicas: number;
};

/** The options of a stream that Sluice needs to be as they are. */
export type StreamWish = Pick<
  StreamConfig,
  | "name"
  | "subjects"
  | "retention"
  | "storage"
  | "discard"
  | "max_age"
  | "max_bytes"
  | "max_msgs"
  | "max_msgs_per_subject"
  | "duplicate_window"
  | "allow_direct"
  | "num_replicas"
>;

export function eventsStreamWish(options: StreamOptions): StreamWish {
  return {
    name: EVENTS_STREAM,
    subjects: [EVENTS_SUBJECTS],
    retention: "limits",
    storage: "file",
    // The default, discarding old messages, would discard some that nobody has stored yet; a full stream refuses new ones.
    discard: "new",
    max_age: options.maxAgeHours * 3_600 * NANOS_PER_SECOND,
    max_bytes: options.maxBytes,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    duplicate_window: DUPLICATE_WINDOW_SECONDS * NANOS_PER_SECOND,
    allow_direct: true,
    num_replicas: options.replicas,
  };
}

/** Dead letters wait for a human: they have no age, and a tenth of the events' room. */
export function deadStreamWish(options: StreamOptions): StreamWish {
  return {
    ...eventsStreamWish(options),
    name: DEAD_STREAM,
    subjects: [DEAD_SUBJECTS],
    max_age: 0,
    max_bytes: Math.max(1024 * 1024, Math.floor(options.maxBytes / 10)),
  };
}

/** `ackWaitMs` is how long a delivery stays with a worker that no longer says it is working on it. */
export function storeConsumerWish(ackWaitMs: number) {
  return {
    durable_name: STORE_CONSUMER,
    ack_policy: "explicit",
    deliver_policy: "all",
    ack_wait: (ackWaitMs / 1_000) * NANOS_PER_SECOND,
    max_ack_pending: MAX_ACK_PENDING,
    // Unlimited: a message past a limit would be skipped without a trace. The worker itself tells poison apart, by its dead letters.
    // No backoff either: a live worker keeps its messages by saying it works on them, so only a dead one's come back, and those at once.
    max_deliver: -1,
  } as const satisfies Partial<ConsumerConfig>;
}

export type Difference = {
  readonly option: string;
  readonly wanted: unknown;
  readonly found: unknown;
};

/** The options of `wish` that `found` does not have. NATS leaves out what is zero or false. */
export function findDifferences(wish: object, found: object): Difference[] {
  const differences: Difference[] = [];
  const foundByOption = new Map<string, unknown>(Object.entries(found));
  for (const [option, wanted] of Object.entries(wish)) {
    const value = foundByOption.get(option);
    const isSame =
      JSON.stringify(value) === JSON.stringify(wanted) ||
      (value === undefined && (wanted === 0 || wanted === false));
    if (!isSame) differences.push({ option, wanted, found: value });
  }
  return differences;
}
