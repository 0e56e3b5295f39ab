import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { deadStreamWish, eventsStreamWish, type StreamOptions } from "../contract/stream-wish.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { ConfigMismatchError, ensureConsumer, ensureStream } from "./streams.ts";

export type SetUpOptions = {
  readonly logger: Logger;
  readonly stop: AbortSignal;
  /** What no waiting will mend. */
  readonly isPermanent: (error: unknown) => boolean;
};

/** Tries until it works or the worker stops, undefined then; what no waiting will mend is thrown. */
export async function setUp<T>(
  action: () => Promise<T>,
  { logger, stop, isPermanent }: SetUpOptions,
): Promise<T | undefined> {
  for (let attempt = 0; !stop.aborted; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (error instanceof ConfigMismatchError || isPermanent(error)) throw error;
      const delayMs = retryDelayMs(attempt, Math.random());
      logger.warn({ err: error, attempt, delay_ms: delayMs }, "start-up step failed, retrying");
      await pause(delayMs, stop);
    }
  }
  return undefined;
}

export async function prepareStreams(
  nats: NatsConnection,
  options: StreamOptions,
  ackWaitMs: number,
): Promise<JetStreamManager> {
  const manager = await jetstreamManager(nats, { timeout: 5_000 });
  await ensureStream(manager, eventsStreamWish(options));
  await ensureStream(manager, deadStreamWish(options));
  await ensureConsumer(manager, ackWaitMs);
  return manager;
}
