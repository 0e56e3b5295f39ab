import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { formatTraceparent, readTraceHeaders } from "../../contract/trace/trace-context.ts";
import type { AppEnv } from "../app-env.ts";
import type { Tracing } from "./tracing.ts";

/**
 * A span for each request of the API, as part of the trace that its `traceparent` names. The answer's `traceresponse`
 * (https://w3c.github.io/trace-context/#traceresponse-header) tells which trace it was. Probes and scrapes are no part of any.
 */
export function traceRequests(tracing: Tracing) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { method } = c.req;
    if (!c.req.path.startsWith("/v1/") || method === "OPTIONS") return next();
    const span = tracing.tracer.start(method, {
      kind: "server",
      parent: readTraceHeaders(c.req.header("traceparent"), c.req.header("tracestate")),
    });
    c.header("traceresponse", formatTraceparent(span.context));
    await tracing.run(span, next);
    const route = routePath(c, -1);
    const { status } = c.res;
    span.set({
      "http.request.method": method,
      "http.route": route,
      "http.response.status_code": status,
      "sluice.request_id": c.var.requestId,
      "sluice.project": c.var.key?.projectId,
    });
    span.end({ name: `${method} ${route}`, error: status >= 500 ? String(status) : undefined });
    tracing.exportSoon((work) => c.executionCtx.waitUntil(work));
  });
}
