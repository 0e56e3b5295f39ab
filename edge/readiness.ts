import type { PublisherReport } from "./publish/event-publisher.ts";
import type { OutboxStatus } from "./publish/outbox.ts";

export type PartState = "ok" | "failed" | "no answer";
export type OutboxState = "ok" | "in use" | "full" | "failed";

/** What was found out about each part behind the edge. */
export type Findings = {
  readonly redis: PartState;
  /** Whether NATS answers every publisher now. */
  readonly stream: PartState;
  readonly database: PartState;
  readonly publishers: readonly PublisherReport[];
};

export type Readiness = {
  /**
   * `ready`: nothing is missing. `degraded`: events are accepted durably, but Redis or NATS is away or an outbox is not empty.
   * `not-ready`: events cannot be accepted, or statistics not be read.
   */
  readonly status: "ready" | "degraded" | "not-ready";
  readonly parts: {
    readonly redis: PartState;
    readonly stream: PartState;
    readonly outbox: OutboxState;
    readonly database: PartState;
  };
  /** Of all publishers; null while one of them does not tell. */
  readonly outbox: OutboxTotals | null;
};

type OutboxTotals = {
  readonly messages: number;
  readonly events: number;
  readonly bytes: number;
  readonly oldest_age_ms: number;
};

/** An outbox with less than this part of it left counts as full. */
const MIN_ROOM = 0.05;

export function judgeReadiness(findings: Findings): Readiness {
  const { redis, database } = findings;
  const stream = streamState(findings);
  const outbox = outboxState(stream, findings.publishers);
  const parts = { redis, stream, outbox, database };
  return { status: statusOf(parts), parts, outbox: sumOutboxes(findings.publishers) };
}

function statusOf({ redis, stream, outbox, database }: Readiness["parts"]): Readiness["status"] {
  if (database !== "ok" || outbox === "full" || outbox === "failed") return "not-ready";
  return redis === "ok" && stream === "ok" && outbox === "ok" ? "ready" : "degraded";
}

/** A server that answers pings may still not acknowledge events: when it has no stream, or the stream is full. */
function streamState({ stream, publishers }: Findings): PartState {
  const isUnreachable = publishers.some(({ status }) => status?.isReachable === false);
  return stream === "ok" && isUnreachable ? "failed" : stream;
}

/** Without NATS each publisher needs room; with it, what is kept only has to be published. */
function outboxState(stream: PartState, publishers: readonly PublisherReport[]): OutboxState {
  const outboxes = publishers.map(({ status }) => status?.outbox);
  if (outboxes.includes(undefined)) return "failed";
  if (stream !== "ok" && !outboxes.every(hasRoom)) return "full";
  return outboxes.every((outbox) => outbox?.messages === 0) ? "ok" : "in use";
}

function hasRoom(outbox: OutboxStatus | undefined): boolean {
  return outbox !== undefined && outbox.bytes < outbox.maxBytes * (1 - MIN_ROOM);
}

function sumOutboxes(publishers: readonly PublisherReport[]): OutboxTotals | null {
  const totals = { messages: 0, events: 0, bytes: 0, oldest_age_ms: 0 };
  for (const { status } of publishers) {
    if (status === undefined) return null;
    totals.messages += status.outbox.messages;
    totals.events += status.outbox.events;
    totals.bytes += status.outbox.bytes;
    totals.oldest_age_ms = Math.max(totals.oldest_age_ms, status.outbox.oldestAgeMs);
  }
  return totals;
}
