import { setTimeout as delay } from "node:timers/promises";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { Event } from "../../contract/event.ts";
import { DEAD_STREAM, EVENTS_STREAM } from "../../contract/stream.ts";
import { CliError } from "../cli-error.ts";
import { type Nats, reasonOf } from "../nats.ts";
import { count } from "../table.ts";
import type { StoredLetter } from "./filter.ts";
import { getLetter } from "./letters.ts";
import { toMessage } from "./to-message.ts";

/** Letters at work at a time: the server's answers take longer than its work. */
const CONCURRENCY = 16;
const PUBLISH_TIMEOUT_MS = 5_000;

export type ReplayDeps = {
  readonly nats: Nats;
  /** Letters in a second; as fast as it goes without. */
  readonly rate: number | undefined;
  /** Stands in for the one letter's event. */
  readonly mended?: Event | undefined;
  /** No letter is begun after it; those at work are finished. */
  readonly stop: AbortSignal;
  readonly onReplayed: (position: number) => void;
  readonly onRefused: (position: number, reason: string) => void;
};

/**
 * Puts letters back into the stream, and removes each only when the stream has acknowledged it: whatever happens in between, the
 * letter is still there, and a second attempt carries the same message id.
 * @throws {CliError} at the first letter that the stream does not take.
 */
export async function replayLetters(
  letters: AsyncIterable<StoredLetter> | Iterable<StoredLetter>,
  deps: ReplayDeps,
): Promise<{ replayed: number; refused: number }> {
  const { nats, mended, stop, onReplayed, onRefused } = deps;
  const result = { replayed: 0, refused: 0 };
  const wait = createPacer(deps.rate, stop);
  try {
    await forEachAtOnce(letters, stop, async (stored) => {
      const { position } = stored;
      const message = toMessage(stored, mended);
      if (typeof message === "string") {
        result.refused += 1;
        onRefused(position, message);
        return;
      }
      await wait();
      if (stop.aborted) return;
      const { subject, payload, messageId } = message;
      const ack = await nats.client.publish(subject, payload, {
        msgID: messageId,
        timeout: PUBLISH_TIMEOUT_MS,
        expect: { streamName: EVENTS_STREAM },
      });
      if (ack.stream !== EVENTS_STREAM) {
        throw new CliError(`stream "${ack.stream}" took it instead of "${EVENTS_STREAM}"`);
      }
      await removeLetter(nats, position);
      result.replayed += 1;
      onReplayed(position);
    });
  } catch (cause) {
    const reason = cause instanceof CliError ? cause.message : reasonOf(cause);
    if (reason === undefined) throw cause;
    throw new CliError(
      `Stopped after ${count(result.replayed, "replayed dead letter")}: ${reason}. Nothing is lost: the others are still there, and the same command continues`,
      { cause },
    );
  }
  return result;
}

/** One that is gone already is fine. */
export async function removeLetter(nats: Nats, position: number): Promise<void> {
  try {
    // Overwriting it on disk as well would take four times as long.
    await nats.manager.streams.deleteMessage(DEAD_STREAM, position, false);
  } catch (error) {
    const isGone =
      error instanceof JetStreamApiError && (await getLetter(nats, position)) === undefined;
    if (!isGone) throw error;
  }
}

/** Acts on {@link CONCURRENCY} items at a time. After a failure or `stop` no other is begun, and those at work are awaited. */
export async function forEachAtOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  stop: AbortSignal,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = toAsync(items);
  let hasFailed = false;
  const work = async () => {
    while (!hasFailed && !stop.aborted) {
      const { done, value } = await iterator.next();
      if (done) return;
      await act(value);
    }
  };
  const works = Array.from({ length: CONCURRENCY }, () =>
    work().catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  try {
    await Promise.all(works);
  } finally {
    await Promise.allSettled(works);
    await iterator.return(undefined);
  }
}

async function* toAsync<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void> {
  yield* items;
}

/** Spreads calls evenly: each waits for its turn. */
function createPacer(perSecond: number | undefined, stop: AbortSignal): () => Promise<void> {
  let nextMs = performance.now();
  return async () => {
    if (perSecond === undefined) return;
    const waitMs = nextMs - performance.now();
    nextMs = Math.max(nextMs, performance.now()) + 1_000 / perSecond;
    if (waitMs > 0) await delay(waitMs, undefined, { signal: stop }).catch(() => {});
  };
}
