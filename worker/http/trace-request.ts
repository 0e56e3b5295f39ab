import type { IncomingMessage, ServerResponse } from "node:http";
import { readTraceHeaders } from "../../contract/trace/trace-context.ts";
import type { Span, Tracer } from "../../contract/trace/tracer.ts";

/** A span from now to the end of the answer, as part of the trace that the request names. */
export function startRequestSpan(
  tracer: Tracer,
  { method = "", headers }: IncomingMessage,
  response: ServerResponse,
  route: string,
): Span {
  const { traceparent, tracestate } = headers;
  const span = tracer.start(`${method} ${route}`, {
    kind: "server",
    // Of two `traceparent` headers Node takes the first; of `tracestate` it joins all.
    parent: readTraceHeaders(textOf(traceparent), textOf(tracestate)),
    attributes: { "http.request.method": method, "http.route": route },
  });
  response.once("close", () => {
    const { statusCode } = response;
    span.set({ "http.response.status_code": statusCode });
    span.end({ error: statusCode >= 500 ? String(statusCode) : undefined });
  });
  return span;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
