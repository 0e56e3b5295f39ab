import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import type { AppEnv } from "./app-env.ts";
import type { Logger } from "./logger.ts";
import type { TracingDeps } from "./trace/with-span.ts";

export type LogAccessDeps = TracingDeps & {
  readonly logger: Pick<Logger, "info">;
  readonly now: () => number;
};

/** A line for each request: with its route and no path, since ids of users and events are in paths, and no query string. */
export function logAccess({ logger, now, tracing }: LogAccessDeps) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const beganMs = now();
    await next();
    logger.info("request", {
      request_id: c.var.requestId,
      trace_id: tracing?.current()?.context.traceId,
      project: c.var.key?.projectId,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      duration_ms: Math.round(now() - beganMs),
    });
  });
}
