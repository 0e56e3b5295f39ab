import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import type { DeadLetter } from "../contract/dead-letter.ts";
import { DEAD_STREAM } from "../contract/stream.ts";
import { readDeadLetters } from "./read-dead-letters.ts";

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
  for await (const { position, letter } of readDeadLetters(manager, projectId, 1)) {
    if (userOf(letter) === userId) positions.push(position);
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

function userOf({ event }: DeadLetter): unknown {
  return typeof event === "object" && event !== null && "user_id" in event
    ? event.user_id
    : undefined;
}
