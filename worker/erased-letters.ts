import type { DeadLetter } from "../contract/dead-letter.ts";
import { projectOfSubject } from "../contract/stream.ts";
import type { Engine, ReceivedEvent } from "./engine.ts";

type LetterOfUser = ReceivedEvent & { readonly letter: DeadLetter };

/**
 * The letters that may be kept. A message that comes again, by a replay or a late delivery, may hold events of a user that has been erased
 * meanwhile: the store drops those it could hold, and of the others no letter may bring them back.
 */
export async function withoutErased(
  letters: readonly DeadLetter[],
  findErased: Engine["findErased"],
): Promise<readonly DeadLetter[]> {
  const ofUsers = letters.flatMap(toLetterOfUser);
  if (ofUsers.length === 0) return letters;
  const erased = new Set([...(await findErased(ofUsers))].map(({ letter }) => letter));
  return letters.filter((letter) => !erased.has(letter));
}

/** Of a user that could have been erased: not where the user's id is itself what the store cannot hold. */
function toLetterOfUser(letter: DeadLetter): LetterOfUser[] {
  const { event, subject, received_at: receivedAt } = letter;
  if (typeof event !== "object" || event === null || receivedAt === undefined) return [];
  const { user_id: userId } = event as { readonly user_id?: unknown };
  if (typeof userId !== "string" || userId.includes("\0") || !userId.isWellFormed()) return [];
  return [{ letter, projectId: projectOfSubject(subject), userId, receivedAt }];
}
