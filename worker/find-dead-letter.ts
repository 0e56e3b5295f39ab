import type { JetStreamManager } from "@nats-io/jetstream";
import { type DeadLetter, deadSubjectOf } from "../contract/dead-letter.ts";
import { DEAD_STREAM } from "../contract/stream.ts";
import { withTimeLimit } from "./time-limit.ts";

const TIMEOUT_MS = 2_000;

/** The newest dead letter of an event, by its subject. @throws when the stream does not answer in time */
export async function findDeadLetter(
  manager: JetStreamManager,
  projectId: string,
  eventId: string,
): Promise<DeadLetter | undefined> {
  const query = { last_by_subj: deadSubjectOf(projectId, eventId) };
  const message = await withTimeLimit(TIMEOUT_MS, manager.streams.getMessage(DEAD_STREAM, query));
  const letter = message?.json<DeadLetter>();
  if (letter === undefined) return undefined;
  // Of a whole message that could not be read: too much to answer with.
  const { payload_base64: _, payload_is_cut: __, ...rest } = letter;
  return rest;
}
