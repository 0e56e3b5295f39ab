import type { ConsumerInfo, JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import { EVENTS_STREAM, STORE_CONSUMER } from "../contract/stream.ts";

/** Everything stored in the stream before this time is committed; undefined when that cannot be told. */
export async function readStoredMs(manager: JetStreamManager): Promise<number | undefined> {
  const askedMs = Date.now();
  const stream = await manager.streams.info(EVENTS_STREAM);
  const consumer = await manager.consumers.info(EVENTS_STREAM, STORE_CONSUMER);
  const firstUnacked = findFirstUnacked(stream, consumer);
  if (firstUnacked === undefined) return askedMs;
  const message = await manager.direct.getMessage(EVENTS_STREAM, { seq: firstUnacked });
  return message?.time.getTime();
}

/** The lowest sequence not acknowledged when the stream was asked, or undefined when there was none. */
export function findFirstUnacked(
  stream: { readonly state: Pick<StreamInfo["state"], "first_seq" | "last_seq" | "messages"> },
  consumer: Pick<ConsumerInfo, "num_pending" | "num_ack_pending"> & {
    readonly ack_floor: { readonly stream_seq: number };
  },
): number | undefined {
  const { first_seq, last_seq, messages } = stream.state;
  if (messages === 0) return undefined;
  // What was purged below the first message is nobody's any more.
  const floor = Math.max(consumer.ack_floor.stream_seq, first_seq - 1);
  return floor >= last_seq ? undefined : floor + 1;
}
