import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  JetStreamError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import {
  DEAD_STREAM,
  DEAD_SUBJECTS,
  DUPLICATE_WINDOW_SECONDS,
  EVENTS_STREAM,
  EVENTS_SUBJECTS,
  STORE_CONSUMER,
} from "../contract/stream.ts";

const NANOS_PER_SECOND = 1_000_000_000;
/** Over all workers. Two full batches of one-event messages for each of a few workers. */
const MAX_ACK_PENDING = 100_000;

export type StreamOptions = {
  readonly maxBytes: number;
  readonly maxAgeHours: number;
  readonly replicas: number;
};

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
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    // The default, discarding old messages, would discard some that nobody has stored yet; a full stream refuses new ones.
    discard: DiscardPolicy.New,
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
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: (ackWaitMs / 1_000) * NANOS_PER_SECOND,
    max_ack_pending: MAX_ACK_PENDING,
    // Unlimited: a message past a limit would be skipped without a trace. The worker itself tells poison apart, by its dead letters.
    // No backoff either: a live worker keeps its messages by saying it works on them, so only a dead one's come back, and those at once.
    max_deliver: -1,
  } as const satisfies Partial<ConsumerConfig>;
}

/**
 * Makes the stream what is wished for, and checks what the server made of it: an old server silently ignores an option it does not know.
 * Answers whether there was none.
 * @throws {ConfigMismatchError} that names each option that differs.
 */
export async function ensureStream(manager: JetStreamManager, wish: StreamWish): Promise<boolean> {
  const found = await findStream(manager, wish.name);
  if (found === undefined) {
    const created = await manager.streams.add({ ...wish, subjects: [...wish.subjects] });
    assertSame("stream", wish.name, wish, created.config);
    return true;
  }
  const differences = findDifferences(wish, found.config);
  if (differences.length === 0) return false;
  try {
    const updated = await manager.streams.update(wish.name, wish);
    assertSame("stream", wish.name, wish, updated.config);
    return false;
  } catch (cause) {
    if (!(cause instanceof JetStreamApiError)) throw cause;
    throw new ConfigMismatchError("stream", wish.name, differences, { cause });
  }
}

/**
 * Makes the durable consumer what is wished for.
 * @throws {ConfigMismatchError} when one exists that cannot become it.
 */
export async function ensureConsumer(manager: JetStreamManager, ackWaitMs: number): Promise<void> {
  const wish = storeConsumerWish(ackWaitMs);
  try {
    const info = await manager.consumers.add(EVENTS_STREAM, { ...wish });
    assertSame("consumer", STORE_CONSUMER, wish, info.config);
  } catch (cause) {
    if (!(cause instanceof JetStreamApiError)) throw cause;
    const found = await manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
    const differences = findDifferences(wish, found.config);
    if (differences.length === 0) return;
    throw new ConfigMismatchError("consumer", STORE_CONSUMER, differences, { cause });
  }
}

export type Difference = {
  readonly option: string;
  readonly wanted: unknown;
  readonly found: unknown;
};

export class ConfigMismatchError extends Error {
  override readonly name = "ConfigMismatchError";

  constructor(
    kind: "stream" | "consumer",
    name: string,
    differences: readonly Difference[],
    options?: ErrorOptions,
  ) {
    const list = differences
      .map(
        ({ option, wanted, found }) =>
          `${option} is ${JSON.stringify(found) ?? "absent"}, wanted ${JSON.stringify(wanted)}`,
      )
      .join("; ");
    super(`Cannot use ${kind} "${name}": ${list}`, options);
  }
}

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

/** Undefined when there is none. */
export async function findStream(
  manager: JetStreamManager,
  name: string,
): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
}

function isStreamNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

/** Whether a look-up found no such consumer, or a fetch was ended because it was deleted. */
export function isConsumerGone(error: unknown): boolean {
  if (error instanceof JetStreamApiError) {
    return error.code === JetStreamApiCodes.ConsumerNotFound || isStreamNotFound(error);
  }
  return error instanceof JetStreamError && /^(consumer|stream) deleted$/.test(error.message);
}

function assertSame(kind: "stream" | "consumer", name: string, wish: object, found: object): void {
  const differences = findDifferences(wish, found);
  if (differences.length > 0) throw new ConfigMismatchError(kind, name, differences);
}
