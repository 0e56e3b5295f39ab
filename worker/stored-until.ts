import type { JetStreamManager } from "@nats-io/jetstream";
import { findFirstUnacked } from "../contract/first-unacked.ts";
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
