import type { JetStreamManager } from "@nats-io/jetstream";
import { EVENTS_STREAM } from "../contract/stream.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";

/** A full stream refuses events at most so long after the worker has caught up. */
const EVERY_MS = 2_000;
const FULL_RATIO = 0.7;

export type ConsumerFloor = {
  readonly isDurable: boolean;
  readonly ackFloor: number;
};

/**
 * Purges what every durable consumer has acknowledged once the stream is nearly full: the stream refuses new messages when it is
 * full, and only unread ones may fill it. Until then acknowledged messages stay, so that they can be replayed.
 */
export async function runJanitor(
  manager: JetStreamManager,
  logger: Logger,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await pause(EVERY_MS, stop);
    if (stop.aborted) return;
    try {
      await purgeAcknowledged(manager, logger);
    } catch (error) {
      logger.warn({ err: error }, "purge failed, retrying");
    }
  }
}

export async function purgeAcknowledged(manager: JetStreamManager, logger: Logger): Promise<void> {
  const { state, config } = await manager.streams.info(EVENTS_STREAM);
  if (state.bytes < config.max_bytes * FULL_RATIO) return;
  const floors: ConsumerFloor[] = [];
  for await (const consumer of manager.consumers.list(EVENTS_STREAM)) {
    floors.push({
      isDurable: consumer.config.durable_name !== undefined,
      ackFloor: consumer.ack_floor.stream_seq,
    });
  }
  const sequence = firstToKeep(floors);
  if (sequence === undefined || sequence <= state.first_seq) return;
  const { purged } = await manager.streams.purge(EVENTS_STREAM, { seq: sequence });
  logger.info({ purged, first_sequence: sequence }, "acknowledged messages purged");
}

/** The lowest sequence that some durable consumer may still need; undefined when there is none to ask. */
export function firstToKeep(consumers: readonly ConsumerFloor[]): number | undefined {
  const floors = consumers.filter(({ isDurable }) => isDurable).map(({ ackFloor }) => ackFloor);
  return floors.length === 0 ? undefined : Math.min(...floors) + 1;
}
