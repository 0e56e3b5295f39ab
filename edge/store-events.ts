import { type EncodedEvent, encodeEnvelope, splitIntoMessages } from "../contract/envelope.ts";
import { eventsSubject, messageIdOf } from "../contract/stream.ts";
import type { SpanOptions } from "../contract/trace/tracer.ts";
import { ProblemError } from "./http/problem.ts";
import type { RequestOrigin } from "./http/request-origin.ts";
import { type IngestLimitDeps, takeFromLimits } from "./limits/limit-ingest.ts";
import type { RateLimitDecision } from "./limits/rate-limit.ts";
import type { EdgeCounters } from "./metrics/edge-counters.ts";
import type { EventPublisher } from "./publish/event-publisher.ts";
import type { PublishOutcome, StreamMessage } from "./publish/nats-publisher.ts";
import type { EventMemory } from "./redis/event-memory.ts";
import { publishTraced } from "./trace/publish-traced.ts";
import { type TracingDeps, withSpan } from "./trace/with-span.ts";

export type StoreDeps = IngestLimitDeps &
  TracingDeps & {
    readonly memory: EventMemory;
    readonly publisher: Pick<EventPublisher, "publish">;
    readonly counters: Pick<EdgeCounters, "duplicates">;
  };

export type StoreRequest = {
  readonly projectId: string;
  readonly requestId: string;
  readonly receivedAtMs: number;
  readonly origin: RequestOrigin;
  /** Lets work go on after the answer, and after a client that hung up. */
  readonly waitUntil: (work: Promise<unknown>) => void;
};

export type StoreResult = {
  /** Ids that were durable before this request. */
  readonly duplicateIds: ReadonlySet<string>;
  readonly rateLimit: RateLimitDecision | undefined;
};

const RETRY_AFTER_SECONDS = 2;
const REDIS: SpanOptions = { kind: "client", attributes: { "db.system.name": "redis" } };

/**
 * Makes events durable: limit and `seen` in one round trip, publish what is new, remember it. Returns only when every event is in the
 * stream or an outbox. Events of a request that fails half-way are remembered as far as they got, so that the same body again adds only the rest.
 * @throws {RateLimitError} with nothing stored.
 * @throws {ProblemError} `stream-unavailable`.
 */
export async function storeEvents(
  events: readonly EncodedEvent[],
  request: StoreRequest,
  deps: StoreDeps,
): Promise<StoreResult> {
  const { projectId } = request;
  const { rateLimit, seenIds } = await withSpan(deps, "redis admit", REDIS, () =>
    takeFromLimits(projectId, idsOf(events), deps),
  );

  const messages = splitIntoMessages(events.filter(({ event }) => !seenIds.has(event.event_id)));
  const publishing =
    messages.length === 0
      ? Promise.resolve([])
      : publishTraced(
          messages.map((message) => toStreamMessage(message, request)),
          request.origin,
          deps,
        );
  request.waitUntil(
    publishing.then((outcomes) =>
      deps.memory.markSeen(projectId, idsOf(selectMessages(messages, outcomes, isDurable))),
    ),
  );
  const outcomes = await publishing;
  for (const outcome of outcomes) if ("reason" in outcome) throw streamUnavailable(outcome.reason);
  const repeated = selectMessages(messages, outcomes, (outcome) => outcome.status === "duplicate");
  deps.counters.duplicates.add(seenIds.size, { found_by: "redis" });
  deps.counters.duplicates.add(repeated.length, { found_by: "stream" });
  return { duplicateIds: new Set([...seenIds, ...idsOf(repeated)]), rateLimit };
}

function toStreamMessage(events: readonly EncodedEvent[], request: StoreRequest): StreamMessage {
  const header = {
    received_at: new Date(request.receivedAtMs).toISOString(),
    request_id: request.requestId,
  };
  return {
    subject: eventsSubject(request.projectId),
    messageId: messageIdOf(
      request.projectId,
      events.map(({ event }) => event),
    ),
    payload: encodeEnvelope(header, events),
    events: events.length,
  };
}

function idsOf(events: readonly EncodedEvent[]): string[] {
  return events.map(({ event }) => event.event_id);
}

function isDurable(outcome: PublishOutcome): boolean {
  return !("reason" in outcome);
}

function selectMessages(
  messages: readonly EncodedEvent[][],
  outcomes: readonly PublishOutcome[],
  isSelected: (outcome: PublishOutcome) => boolean,
): EncodedEvent[] {
  return messages.flatMap((message, index) => {
    const outcome = outcomes[index];
    return outcome !== undefined && isSelected(outcome) ? message : [];
  });
}

function streamUnavailable(reason: string): ProblemError {
  return new ProblemError("stream-unavailable", {
    detail: "Not every event of this request could be stored. Send the same body again",
    headers: { "retry-after": String(RETRY_AFTER_SECONDS) },
    cause: new Error(`Cannot publish: ${reason}`),
  });
}
