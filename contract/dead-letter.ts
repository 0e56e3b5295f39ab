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

/** A letter without the message that it was made of, which is too much to answer with. */
export type UnwrappedLetter = Omit<DeadLetter, "payload_base64" | "payload_is_cut">;

/** Reads a letter of the stream. Whatever is there can be shown and removed, even what no worker has written. */
export function decodeDeadLetter(data: Uint8Array, storedAt: Date): DeadLetter {
  const failed_at = storedAt.toISOString();
  const unknown = { reason: "(not a dead letter)", stream_sequence: 0, subject: "", failed_at };
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return { ...unknown, ...(value as Partial<DeadLetter>) };
    }
  } catch {
    // Shown as it is, below.
  }
  return { ...unknown, payload_base64: Buffer.from(data).toString("base64") };
}

export function unwrapLetter(letter: DeadLetter): UnwrappedLetter {
  const { payload_base64: _, payload_is_cut: __, ...rest } = letter;
  return rest;
}

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

/** Of all dead letters of a project. */
export function deadSubjectsOf(projectId: string): string {
  return `${DEAD_PREFIX}${projectId}.>`;
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
