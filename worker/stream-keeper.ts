import type { JetStreamManager } from "@nats-io/jetstream";
import type { StreamWish } from "../contract/stream-wish.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { ConfigMismatchError, ensureStream, findStream } from "./streams.ts";

const EVERY_MS = 2_000;

/**
 * Creates a stream that is gone again, and checks one that somebody else has put in its place. What is changed on the stream that the
 * worker has checked is left alone: an operator may give it more room while workers run.
 */
export async function runStreamKeeper(
  manager: JetStreamManager,
  wishes: readonly StreamWish[],
  logger: Logger,
  stop: AbortSignal,
): Promise<void> {
  const checked = new Map<string, string>();
  while (!stop.aborted) {
    for (const wish of wishes) {
      const fields = { stream: wish.name };
      try {
        await keep(wish);
      } catch (error) {
        if (error instanceof ConfigMismatchError) {
          logger.error({ err: error, ...fields }, "stream is not what is needed, looking again");
        } else {
          logger.warn({ err: error, ...fields }, "look at stream failed, retrying");
        }
      }
    }
    await pause(EVERY_MS, stop);
  }

  async function keep(wish: StreamWish): Promise<void> {
    const created = (await findStream(manager, wish.name))?.created;
    if (created !== undefined && created === checked.get(wish.name)) return;
    if (await ensureStream(manager, wish)) {
      logger.error({ stream: wish.name }, "stream was gone, created again");
    } else if (created !== undefined) {
      checked.set(wish.name, created);
    }
  }
}
