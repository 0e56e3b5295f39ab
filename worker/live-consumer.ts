import type { Consumer, JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { EVENTS_STREAM, STORE_CONSUMER } from "../contract/stream.ts";
import { eventsStreamWish, type StreamOptions } from "../contract/stream-wish.ts";
import { runConsumer } from "./consumer.ts";
import type { Intake } from "./intake.ts";
import type { Logger } from "./logger.ts";
import { ensureConsumer, ensureStream, isConsumerGone } from "./streams.ts";

export type LiveConsumerDeps = {
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly streamOptions: StreamOptions;
  readonly ackWaitMs: number;
  readonly intake: Intake;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

/** Works off the consumer that all workers share, until stopped. If it or its stream is gone, it is created again. */
export function runLiveConsumer(deps: LiveConsumerDeps): Promise<void> {
  const { jetstream, manager, intake, logger, stop } = deps;
  let boundCreated: string | undefined;

  return runConsumer({
    intake,
    logger,
    stop,
    async next(room, consumer) {
      return { consumer: consumer ?? (await bind()), maxMessages: room };
    },
  });

  async function bind(): Promise<Consumer> {
    const consumer = await findOrCreate();
    const { created } = await consumer.info(true);
    if (boundCreated !== undefined && created !== boundCreated) {
      const { inFlight } = intake;
      logger.warn({ created, held_messages: inFlight.count }, "the consumer is a new one");
      inFlight.disown();
      await inFlight.waitUntilEmpty(stop);
    }
    boundCreated = created;
    return consumer;
  }

  async function findOrCreate(): Promise<Consumer> {
    try {
      return await jetstream.consumers.get(EVENTS_STREAM, STORE_CONSUMER);
    } catch (error) {
      if (!isConsumerGone(error)) throw error;
    }
    const isStreamCreated = await ensureStream(manager, eventsStreamWish(deps.streamOptions));
    if (isStreamCreated) logger.error({ stream: EVENTS_STREAM }, "stream was gone, created again");
    await ensureConsumer(manager, deps.ackWaitMs);
    logger.warn({ consumer: STORE_CONSUMER }, "consumer was gone, created again");
    return jetstream.consumers.get(EVENTS_STREAM, STORE_CONSUMER);
  }
}
