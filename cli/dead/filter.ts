import {
  type DeadLetter,
  deadSubjectOf,
  deadSubjectsOf,
  projectOfDeadSubject,
} from "../../contract/dead-letter.ts";
import { isUuid } from "../../contract/uuid.ts";

/** Which dead letters are meant; nothing given means all. */
export type LetterFilter = {
  readonly project?: string;
  /** Failed at or after this time. */
  readonly since?: number;
  readonly eventId?: string;
  /** Part of the reason or the SQLSTATE, in any case. */
  readonly reason?: string;
};

/** A dead letter with its place in `EVENTS_DEAD`, which is its name. */
export type StoredLetter = {
  readonly position: number;
  /** Of the dead letter itself, not of the message it was. */
  readonly subject: string;
  readonly letter: DeadLetter;
};

export function isEmpty({ project, since, eventId, reason }: LetterFilter): boolean {
  return [project, since, eventId, reason].every((part) => part === undefined);
}

export function matches(filter: LetterFilter, { subject, letter }: StoredLetter): boolean {
  const { project, since, eventId, reason } = filter;
  if (project !== undefined && projectOfDeadSubject(subject) !== project) return false;
  if (since !== undefined && Date.parse(letter.failed_at) < since) return false;
  if (eventId !== undefined && !isEvent(letter, eventId)) return false;
  if (reason === undefined) return true;
  const text = `${letter.reason}\n${letter.sqlstate ?? ""}`.toLowerCase();
  return text.includes(reason.toLowerCase());
}

/** What the server can leave out by itself; undefined when it has to send every letter. */
export function subjectOfFilter({ project, eventId }: LetterFilter): string | undefined {
  // An id that is no UUID, which may be why its event failed, is not in the subject.
  if (eventId !== undefined && isUuid(eventId)) return deadSubjectOf(project ?? "*", eventId);
  return project === undefined ? undefined : deadSubjectsOf(project);
}

export function fieldOf(event: unknown, name: string): string | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const value: unknown = (event as Record<string, unknown>)[name];
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isEvent({ event }: DeadLetter, eventId: string): boolean {
  return fieldOf(event, "event_id")?.toLowerCase() === eventId.toLowerCase();
}
