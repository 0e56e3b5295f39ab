import type { Consumer, JsMsg } from "@nats-io/jetstream";
import type { Intake } from "./intake.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { ConfigMismatchError, isConsumerGone } from "./streams.ts";

/** What a message may weigh: NATS' default `max_payload`. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_FETCH_MESSAGES = 1_000;
/** Short, as a stop waits for it: so no message is on its way when nobody listens any more, to come back only after ack_wait. */
const FETCH_EXPIRES_MS = 2_000;
/** Two missed ones end a fetch, and what was on its way waits for ack_wait: long enough not to be missed on a busy machine. */
const HEARTBEAT_MS = 1_000;
/** A fetch that is not over so long after it expired hangs on a connection that is gone. */
const FETCH_GRACE_MS = 1_500;

export type Fetch = { readonly consumer: Consumer; readonly maxMessages: number };

export type ConsumerDeps = {
  readonly intake: Pick<Intake, "inFlight"> & { readonly onMessage: (message: JsMsg) => void };
  /**
   * Decides on the next fetch, of at most `room` messages; undefined ends the consumption. It gets the consumer of the fetch before,
   * or none after a failure.
   */
  readonly next: (room: number, consumer: Consumer | undefined) => Promise<Fetch | undefined>;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

/**
 * Fetches until stopped. Each fetch asks for no more messages than fit into the free room if all were as large as can be, so the
 * bound on memory holds whatever arrives. Any failure, be it missed heartbeats, a lost connection or a deleted consumer, ends the
 * fetch only: the next round looks the consumer up again.
 */
export async function runConsumer(deps: ConsumerDeps): Promise<void> {
  const { intake, logger, stop } = deps;
  const { inFlight } = intake;
  let consumer: Consumer | undefined;
  let failures = 0;
  const onMessage = (message: JsMsg) => {
    // A fetch that brought something has worked, even if it fails before its end.
    failures = 0;
    intake.onMessage(message);
  };
  while (!stop.aborted) {
    try {
      await inFlight.waitForRoom(stop);
      if (stop.aborted) return;
      const fetch = await deps.next(roomIn(inFlight.freeBytes), consumer);
      if (fetch === undefined || stop.aborted) return;
      consumer = fetch.consumer;
      await fetchOnce(fetch, onMessage, stop);
      failures = 0;
    } catch (error) {
      consumer = undefined;
      const delayMs = retryDelayMs(failures, Math.random());
      const fields = { err: error, failures, delay_ms: delayMs };
      if (isConsumerGone(error)) logger.info(fields, "consumer is gone, looking it up again");
      else if (error instanceof ConfigMismatchError) logger.error(fields, "fetch failed, retrying");
      else logger.warn(fields, "fetch failed, retrying");
      failures += 1;
      await pause(delayMs, stop);
    }
  }
}

/** How many messages fit, however large; at least one, or a limit below the largest message would stop everything. */
function roomIn(freeBytes: number): number {
  return Math.max(1, Math.min(MAX_FETCH_MESSAGES, Math.floor(freeBytes / MAX_MESSAGE_BYTES)));
}

async function fetchOnce(
  { consumer, maxMessages }: Fetch,
  onMessage: (message: JsMsg) => void,
  stop: AbortSignal,
): Promise<void> {
  const messages = await consumer.fetch({
    max_messages: maxMessages,
    expires: FETCH_EXPIRES_MS,
    idle_heartbeat: HEARTBEAT_MS,
  });
  const timer = setTimeout(
    () => messages.stop(new FetchTimeoutError()),
    FETCH_EXPIRES_MS + FETCH_GRACE_MS,
  );
  const late: JsMsg[] = [];
  try {
    for await (const message of messages) {
      if (stop.aborted) late.push(message);
      else onMessage(message);
    }
  } finally {
    clearTimeout(timer);
    // What arrives after the stop goes back instead of waiting for ack_wait, but not before the fetch has ended: it would come again.
    for (const message of late) message.nak();
  }
}

class FetchTimeoutError extends Error {
  override readonly name = "FetchTimeoutError";

  constructor() {
    super("Cannot fetch: the server did not end the request in time");
  }
}
