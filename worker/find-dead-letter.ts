import type { JetStreamManager } from "@nats-io/jetstream";
import {
  deadSubjectOf,
  decodeDeadLetter,
  type UnwrappedLetter,
  unwrapLetter,
} from "../contract/dead-letter.ts";
import { DEAD_STREAM } from "../contract/stream.ts";
import { withTimeLimit } from "./time-limit.ts";

const TIMEOUT_MS = 2_000;

/** The newest dead letter of an event, by its subject. @throws when the stream does not answer in time */
export async function findDeadLetter(
  manager: JetStreamManager,
  projectId: string,
  eventId: string,
): Promise<UnwrappedLetter | undefined> {
  const query = { last_by_subj: deadSubjectOf(projectId, eventId) };
  const message = await withTimeLimit(TIMEOUT_MS, manager.streams.getMessage(DEAD_STREAM, query));
  return message === null ? undefined : unwrapLetter(decodeDeadLetter(message.data, message.time));
}
