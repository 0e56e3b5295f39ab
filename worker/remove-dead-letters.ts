import {
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
} from "@nats-io/jetstream";
import type { DeadLetter } from "../contract/dead-letter.ts";
import { DEAD_STREAM } from "../contract/stream.ts";

/** A letter may weigh 1 MiB. */
const FETCH_LETTERS = 64;
const FETCH_EXPIRES_MS = 5_000;

/**
 * Removes the dead letters of a user's events, overwriting them, and says how many. Letters of whole messages that nobody could read stay:
 * whose events they hold is not known.
 * @throws when the stream does not answer.
 */
export async function removeDeadLetters(
  manager: JetStreamManager,
  projectId: string,
  userId: string,
): Promise<number> {
  const positions: number[] = [];
  for await (const { seq, letter } of readLetters(manager.jetstream(), projectId)) {
    if (userOf(letter) === userId) positions.push(seq);
  }
  for (const position of positions) await remove(manager, position);
  return positions.length;
}

/** One that somebody else has removed meanwhile is fine. */
async function remove(manager: JetStreamManager, position: number): Promise<void> {
  try {
    await manager.streams.deleteMessage(DEAD_STREAM, position, true);
  } catch (error) {
    const isGone =
      error instanceof JetStreamApiError &&
      (await manager.streams.getMessage(DEAD_STREAM, { seq: position })) === null;
    if (!isGone) throw error;
  }
}

async function* readLetters(client: JetStreamClient, projectId: string) {
  const consumer = await client.consumers.get(DEAD_STREAM, {
    deliver_policy: DeliverPolicy.All,
    filter_subjects: `dead.${projectId}.>`,
  });
  try {
    for (;;) {
      const { num_pending } = await consumer.info();
      if (num_pending === 0) return;
      const batch = await consumer.fetch({
        max_messages: Math.min(num_pending, FETCH_LETTERS),
        expires: FETCH_EXPIRES_MS,
      });
      let letters = 0;
      for await (const message of batch) {
        letters += 1;
        yield { seq: message.seq, letter: parse(message.string()) };
      }
      if (letters === 0) throw new Error("Cannot read dead letters: the stream sends no more");
    }
  } finally {
    await consumer.delete();
  }
}

function parse(text: string): Partial<DeadLetter> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<DeadLetter>;
  } catch {
    // Not the worker's.
    return {};
  }
}

function userOf({ event }: Partial<DeadLetter>): unknown {
  return typeof event === "object" && event !== null && "user_id" in event
    ? event.user_id
    : undefined;
}
