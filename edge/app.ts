import { Hono } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { routePath } from "hono/route";
import type { StatsDeps } from "./answer-stats.ts";
import type { AppEnv } from "./app-env.ts";
import type { ReceiptDeps } from "./find-receipt.ts";
import { discardBody } from "./http/discard-body.ts";
import { ProblemError, problemResponse } from "./http/problem.ts";
import { nameRequest } from "./http/request-id.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { type AuthenticateDeps, authenticate } from "./keys/authenticate.ts";
import { behindGate } from "./limits/behind-gate.ts";
import type { CoarseGate } from "./limits/coarse-gate.ts";
import type { LimitCounters } from "./limits/limit-counters.ts";
import { RateLimitError } from "./limits/rate-limit-error.ts";
import { logAccess } from "./log-access.ts";
import type { Logger } from "./logger.ts";
import { type CountRequestsDeps, countRequests } from "./metrics/count-requests.ts";
import { type DeadLettersDeps, deadLetterRoutes } from "./routes/dead-letters.ts";
import { docsRoutes } from "./routes/docs.ts";
import { type EventPagesDeps, eventPageRoutes } from "./routes/event-pages.ts";
import { type EventsDeps, eventsRoutes } from "./routes/events.ts";
import { type ExportDeps, exportRoutes } from "./routes/export.ts";
import { healthRoutes } from "./routes/health.ts";
import { type MetricsDeps, metricsRoutes } from "./routes/metrics.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { queryRoutes } from "./routes/query.ts";
import { receiptRoutes } from "./routes/receipts.ts";
import { statsRoutes } from "./routes/stats.ts";
import { type ErasureDeps, erasureRoutes } from "./routes/users.ts";
import { traceRequests } from "./trace/trace-requests.ts";
import type { TracingDeps } from "./trace/with-span.ts";

export type AppDeps = AuthenticateDeps &
  CountRequestsDeps &
  DeadLettersDeps &
  EventPagesDeps &
  EventsDeps &
  ErasureDeps &
  ExportDeps &
  MetricsDeps &
  ReceiptDeps &
  StatsDeps &
  TracingDeps & {
    readonly gate: CoarseGate;
    readonly limitCounters: LimitCounters;
    readonly logger: Logger;
    /** Whether each request is logged. */
    readonly isAccessLogged?: boolean;
  };

/** The HTTP application of the edge. It knows nothing of Cloudflare but what its dependencies hide. */
export function createApp(deps: AppDeps) {
  const app = new Hono<AppEnv>();
  app.use(countRequests(deps));
  // Not the last before the routes: what no route answers is thrown through that one.
  if (deps.tracing !== undefined) app.use(traceRequests(deps.tracing));
  if (deps.isAccessLogged) app.use(logAccess(deps));
  app.use(securityHeaders);
  app.use(nameRequest());

  const needsKey = {
    w: behindGate(authenticate(["w"], deps), deps),
    r: behindGate(authenticate(["r"], deps), deps),
    a: behindGate(authenticate(["a"], deps), deps),
    ra: behindGate(authenticate(["r", "a"], deps), deps),
  };
  app.use("/v1/events", (c, next) => {
    const isIngest = c.req.method === "POST" || c.req.method === "OPTIONS";
    return isIngest ? openToBrowsers(c, next) : next();
  });
  app.on("POST", "/v1/events", needsKey.w);
  app.route("/v1/events", eventsRoutes(deps));
  app.on("GET", ["/v1/events", "/v1/users/:user_id/events"], needsKey.r);
  app.route("/", eventPageRoutes(deps));
  app.on("GET", "/v1/events/:event_id", needsKey.ra);
  app.route("/v1/events", receiptRoutes(deps));
  app.on("GET", "/v1/stats/*", needsKey.r);
  app.route("/v1/stats", statsRoutes(deps));
  app.on("POST", "/v1/query", needsKey.r);
  app.route("/v1/query", queryRoutes(deps));
  app.on("GET", "/v1/export", needsKey.r);
  app.route("/v1/export", exportRoutes(deps));
  app.on("DELETE", "/v1/users/:user_id", needsKey.a);
  app.route("/v1/users", erasureRoutes(deps));
  app.on("GET", ["/v1/dead-letters", "/v1/dead-letters/:event_id"], needsKey.a);
  app.route("/v1/dead-letters", deadLetterRoutes(deps));
  app.route("/", healthRoutes(deps));
  app.route("/", metricsRoutes(deps));
  app.route("/", openApiRoutes());
  app.route("/", docsRoutes());
  app.get("/", (c) => c.redirect("/docs"));

  const methodsByPath = methodsOf(app);
  app.notFound((c) => {
    const allowed = methodsByPath.find(({ pattern }) => pattern.test(c.req.path))?.methods;
    if (allowed === undefined)
      throw new ProblemError("not-found", { detail: `No route ${c.req.path.slice(0, 200)}` });
    throw new ProblemError("method-not-allowed", {
      detail: `${c.req.path} supports ${allowed.join(", ")}`,
      headers: { allow: allowed.join(", ") },
    });
  });

  app.onError(async (error, c) => {
    const instance = c.var.requestId;
    await discardBody(c.req.raw);
    const about = {
      request_id: instance,
      trace_id: deps.tracing?.current()?.context.traceId,
      project: c.var.key?.projectId,
      method: c.req.method,
      route: routePath(c, -1),
    };
    if (error instanceof RateLimitError) deps.limitCounters.countRefused(error.limits);
    if (error instanceof ProblemError) {
      if (error.cause !== undefined) {
        deps.logger.warn("request failed", { ...about, problem: error.slug, err: error });
      }
      return problemResponse(error.slug, error.options, instance);
    }
    if (error instanceof HTTPException) return error.getResponse();
    deps.logger.error("request crashed", { ...about, err: error });
    return problemResponse("internal-error", {}, instance);
  });
  return app;
}

/** Any page may post events with a write key: without credentials, since a browser's cookies mean nothing here. */
const openToBrowsers = cors({
  origin: "*",
  allowMethods: ["POST"],
  allowHeaders: [
    "authorization",
    "content-type",
    "content-encoding",
    "idempotency-key",
    "traceparent",
    "tracestate",
    "x-request-id",
  ],
  exposeHeaders: [
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "sluice-degraded",
    "traceresponse",
    "x-request-id",
  ],
  maxAge: 86_400,
});

/** The methods of each path, for 405 answers. */
function methodsOf(app: Hono<AppEnv>): { readonly pattern: RegExp; readonly methods: string[] }[] {
  const methods = new Map<string, string[]>();
  for (const { path, method } of app.routes) {
    if (method === "ALL" || path.includes("*")) continue;
    const known = methods.get(path) ?? [];
    const added = method === "GET" ? ["GET", "HEAD"] : [method];
    methods.set(path, [...new Set([...known, ...added])]);
  }
  return [...methods].map(([path, names]) => ({
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/:[^/]+/g, "[^/]+")}$`),
    methods: names,
  }));
}
