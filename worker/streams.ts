import {
  JetStreamApiCodes,
  JetStreamApiError,
  JetStreamError,
  type JetStreamManager,
  type StreamInfo,
} from "@nats-io/jetstream";
import { EVENTS_STREAM, STORE_CONSUMER } from "../contract/stream.ts";
import {
  type Difference,
  findDifferences,
  type StreamWish,
  storeConsumerWish,
} from "../contract/stream-wish.ts";

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
