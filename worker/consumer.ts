import type { Consumer, JetStreamClient, JetStreamManager, JsMsg } from "@nats-io/jetstream";
import { EVENTS_STREAM, STORE_CONSUMER } from "../contract/stream.ts";
import type { InFlight } from "./in-flight.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { ensureConsumer } from "./streams.ts";

/** What a message may weigh: NATS' default `max_payload`. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_FETCH_MESSAGES = 1_000;
/** Short, as a stop waits for it: so no message is on its way when nobody listens any more, to come back only after ack_wait. */
const FETCH_EXPIRES_MS = 2_000;
/** Two missed ones end a fetch, and what was on its way waits for ack_wait: long enough not to be missed on a busy machine. */
const HEARTBEAT_MS = 1_000;
/** A fetch that is not over so long after it expired hangs on a connection that is gone. */
const FETCH_GRACE_MS = 1_500;

export type ConsumerDeps = {
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly inFlight: InFlight;
  readonly maxInFlightBytes: number;
  readonly ackWaitMs: number;
  readonly onMessage: (message: JsMsg) => void;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

/**
 * Fetches until stopped. Each fetch asks for no more messages than fit into the free room if all were as large as can be, so the
 * bound on memory holds whatever arrives. Any failure, be it missed heartbeats, a lost connection or a deleted consumer, ends the
 * fetch only: the next round looks the consumer up again and creates it where it is missing.
 */
export async function runConsumer(deps: ConsumerDeps): Promise<void> {
  const { inFlight, logger, stop } = deps;
  let consumer: Consumer | undefined;
  let failures = 0;
  const onMessage = (message: JsMsg) => {
    // A fetch that brought something has worked, even if it fails before its end.
    failures = 0;
    deps.onMessage(message);
  };
  while (!stop.aborted) {
    try {
      await inFlight.waitForRoom(stop);
      if (stop.aborted) return;
      consumer ??= await bindConsumer(deps);
      await fetchOnce(consumer, { ...deps, onMessage });
      failures = 0;
    } catch (error) {
      consumer = undefined;
      const delayMs = retryDelayMs(failures, Math.random());
      logger.warn({ err: error, failures, delayMs }, "fetch failed, retrying");
      failures += 1;
      await pause(delayMs, stop);
    }
  }
}

async function bindConsumer(deps: ConsumerDeps): Promise<Consumer> {
  const { jetstream, manager, ackWaitMs } = deps;
  await ensureConsumer(manager, ackWaitMs);
  return jetstream.consumers.get(EVENTS_STREAM, STORE_CONSUMER);
}

async function fetchOnce(consumer: Consumer, deps: ConsumerDeps): Promise<void> {
  const { inFlight, maxInFlightBytes, onMessage, stop } = deps;
  const room = Math.floor((maxInFlightBytes - inFlight.bytes) / MAX_MESSAGE_BYTES);
  const messages = await consumer.fetch({
    max_messages: Math.max(1, Math.min(MAX_FETCH_MESSAGES, room)),
    expires: FETCH_EXPIRES_MS,
    idle_heartbeat: HEARTBEAT_MS,
  });
  const timer = setTimeout(
    () => messages.stop(new FetchTimeoutError()),
    FETCH_EXPIRES_MS + FETCH_GRACE_MS,
  );
  try {
    for await (const message of messages) {
      // What arrives after the stop goes back at once instead of after ack_wait.
      if (stop.aborted) message.nak();
      else onMessage(message);
    }
  } finally {
    clearTimeout(timer);
  }
}

class FetchTimeoutError extends Error {
  override readonly name = "FetchTimeoutError";

  constructor() {
    super("Cannot fetch: the server did not end the request in time");
  }
}
