import { readTraceHeaders } from "../../contract/trace/trace-context.ts";
import type { Span, Tracer } from "../../contract/trace/tracer.ts";
import type { PublishOutcome, StreamMessage } from "../publish/nats-publisher.ts";

/** What a publisher needs to take part in the traces of its messages. */
export type PublisherTracing = {
  readonly tracer: Tracer;
  readonly exportSoon: () => void;
};

/** One attempt to bring a message to NATS, which comes from a request or, later, from the outbox. */
export function startNatsSpan(
  tracing: PublisherTracing | undefined,
  { trace, messageId }: StreamMessage,
  from: "request" | "outbox",
): Span | undefined {
  if (tracing === undefined || trace === undefined) return undefined;
  const parent = readTraceHeaders(trace.traceparent, trace.tracestate);
  return tracing.tracer.start("nats publish", {
    kind: "client",
    parent,
    attributes: {
      "messaging.system": "nats",
      "messaging.message.id": messageId,
      "sluice.from": from,
    },
  });
}

/** @param outcome `kept` when the outbox has it */
export function endNatsSpan(
  span: Span | undefined,
  outcome: PublishOutcome["status"] | "kept" | undefined,
): void {
  if (span === undefined) return;
  const isFailure = outcome === undefined || outcome === "refused" || outcome === "unreachable";
  span.set({ "sluice.outcome": outcome });
  span.end({ error: isFailure ? (outcome ?? "lost") : undefined });
}
