import { PROJECT_ID_PATTERN } from "./project.ts";
import { projectOfSubject } from "./stream.ts";
import { isUuid } from "./uuid.ts";

/** One message of `EVENTS_DEAD`: an event, or a whole message, that the worker could not store, and why. */
export type DeadLetter = {
  readonly reason: string;
  readonly sqlstate?: string;
  /** Position in `EVENTS` of the message that brought it. */
  readonly stream_sequence: number;
  /** Subject of that message. */
  readonly subject: string;
  readonly received_at?: string;
  readonly failed_at: string;
  /** The event as it was published; absent when the whole message could not be read. */
  readonly event?: unknown;
  /** The whole message, base64; cut when it would not fit into a message again. */
  readonly payload_base64?: string;
  readonly payload_is_cut?: true;
};

const DEAD_PREFIX = "dead.";
/** Stands where a letter has no project or no event id that could be part of a subject; no project is called so. */
const NONE = "_";

/** `dead.<project>.<event id>`: so one event's letter is found without reading the others. */
export function deadLetterSubject(letter: Pick<DeadLetter, "subject" | "event">): string {
  const projectId = projectOfSubject(letter.subject);
  const project = PROJECT_ID_PATTERN.test(projectId) ? projectId : NONE;
  return `${DEAD_PREFIX}${project}.${eventIdOf(letter.event) ?? NONE}`;
}

export function deadSubjectOf(projectId: string, eventId: string): string {
  return `${DEAD_PREFIX}${projectId}.${eventId.toLowerCase()}`;
}

/** The project of a dead letter's subject; undefined when the message named none. */
export function projectOfDeadSubject(subject: string): string | undefined {
  const [, project] = subject.split(".");
  return project === undefined || project === NONE ? undefined : project;
}

function eventIdOf(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null || !("event_id" in event)) return undefined;
  const { event_id } = event;
  return typeof event_id === "string" && isUuid(event_id) ? event_id.toLowerCase() : undefined;
}
