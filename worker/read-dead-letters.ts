import { DeliverPolicy, type JetStreamManager } from "@nats-io/jetstream";
import { type DeadLetter, deadSubjectsOf, decodeDeadLetter } from "../contract/dead-letter.ts";
import { DEAD_STREAM } from "../contract/stream.ts";

/** A letter with its position in `EVENTS_DEAD`. */
export type FoundLetter = { readonly position: number; readonly letter: DeadLetter };

/** A letter may weigh 1 MiB. */
const FETCH_LETTERS = 64;
const FETCH_EXPIRES_MS = 5_000;

/**
 * A project's dead letters from a position on, oldest first. Whoever has enough ends the loop.
 * @throws when the stream does not answer.
 */
export async function* readDeadLetters(
  manager: JetStreamManager,
  projectId: string,
  fromPosition: number,
): AsyncGenerator<FoundLetter, void> {
  const consumer = await manager.jetstream().consumers.get(DEAD_STREAM, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.max(1, fromPosition),
    filter_subjects: deadSubjectsOf(projectId),
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
        yield { position: message.seq, letter: decodeDeadLetter(message.data, message.time) };
      }
      if (letters === 0) throw new Error("Cannot read dead letters: the stream sends no more");
    }
  } finally {
    await consumer.delete();
  }
}
