import { hash } from "node:crypto";
import type { Event } from "./event.ts";

/** Names in NATS JetStream that edge, worker and tests agree on. */
export const EVENTS_STREAM = "EVENTS";
export const EVENTS_SUBJECTS = "events.>";
export const DEAD_STREAM = "EVENTS_DEAD";
export const DEAD_SUBJECTS = "dead.>";
/** The durable consumer that every worker process shares. */
export const STORE_CONSUMER = "store";
/** Each user of NATS is answered under a prefix of its own, and may read no other: the worker is sent the events themselves. */
export const EDGE_INBOX = "_INBOX.edge";
export const WORKER_INBOX = "_INBOX.worker";
export const OPERATOR_INBOX = "_INBOX.operator";
export const DUPLICATE_WINDOW_SECONDS = 600;

const EVENTS_PREFIX = "events.";

export function eventsSubject(projectId: string): string {
  return EVENTS_PREFIX + projectId;
}

/** The project is what the subject says, never what a payload claims: the subject is what NATS permissions guard. */
export function projectOfSubject(subject: string): string {
  return subject.slice(EVENTS_PREFIX.length);
}

/**
 * `Nats-Msg-Id`, by which JetStream drops a second publish inside the duplicate window.
 * It covers the identity of every event inside and nothing else, so that any retry of the same events carries the same id.
 */
export function messageIdOf(
  projectId: string,
  events: readonly Pick<Event, "event_id" | "occurred_at">[],
): string {
  const identities = events.map((event) => `${event.event_id} ${event.occurred_at}`);
  return hash("sha256", `${projectId}\n${identities.join("\n")}`, "hex").slice(0, 32);
}
