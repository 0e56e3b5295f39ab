import { toTraceHeaders } from "../../contract/trace/trace-context.ts";
import type { RequestOrigin } from "../http/request-origin.ts";
import type { EventPublisher } from "../publish/event-publisher.ts";
import type { PublishOutcome, StreamMessage } from "../publish/nats-publisher.ts";
import type { TracingDeps } from "./with-span.ts";

/** Publishes messages, each in a span of its own, which the message carries: whoever stores it goes on from there. */
export async function publishTraced(
  messages: readonly StreamMessage[],
  origin: RequestOrigin,
  deps: TracingDeps & { readonly publisher: Pick<EventPublisher, "publish"> },
): Promise<PublishOutcome[]> {
  const request = deps.tracing?.current();
  if (request === undefined) return deps.publisher.publish(messages, origin);
  const spans = messages.map(({ messageId, subject, events, payload }) =>
    request.child("publish", {
      kind: "producer",
      attributes: {
        "messaging.system": "nats",
        "messaging.operation.type": "send",
        "messaging.destination.name": subject,
        "messaging.message.id": messageId,
        "messaging.message.body.size": payload.byteLength,
        "messaging.batch.message_count": events,
      },
    }),
  );
  const traced = messages.map((message, index) => {
    const span = spans[index] ?? request;
    return { ...message, trace: toTraceHeaders(span.context) };
  });
  const outcomes = await deps.publisher.publish(traced, origin);
  for (const [index, span] of spans.entries()) {
    const outcome = outcomes[index];
    span.set({ "sluice.outcome": outcome?.status });
    span.end({ error: outcome !== undefined && "reason" in outcome ? outcome.status : undefined });
  }
  return outcomes;
}
