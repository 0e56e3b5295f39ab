import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { PROBLEMS } from "../../contract/problem.ts";
import type { Span, Tracer } from "../../contract/trace/tracer.ts";
import type { Logger } from "../logger.ts";
import type { HttpMetrics, HttpRoute } from "../metrics/http-metrics.ts";
import { type ArchiveDeps, answerArchive } from "./archive.ts";
import { authorize } from "./authorize.ts";
import type { Call } from "./call.ts";
import { answerDeadLetter, type DeadLetterDeps } from "./dead-letter.ts";
import { answerDeadLetterPage, type DeadLetterPageDeps } from "./dead-letter-page.ts";
import { answerErase, type EraseDeps } from "./erase.ts";
import { createExportRoute, type ExportDeps } from "./export.ts";
import { answerHealth, answerReadiness, type HealthDeps } from "./health.ts";
import { createLimitedServer, HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { answerMetrics, type MetricsDeps } from "./metrics.ts";
import { HttpProblem } from "./problem.ts";
import { createQueryRoute, type QueryDeps } from "./query.ts";
import { sendProblem } from "./send.ts";
import { startRequestSpan } from "./trace-request.ts";

/** Without a token nobody gets anything but the worker's health and, with a token of their own, its metrics. */
export type HttpServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  /** HTTP_LIMITS by default. */
  readonly limits?: HttpLimits;
  readonly metrics: HttpMetrics;
  /** Whether each request is logged. */
  readonly isAccessLogged?: boolean;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
} & HealthDeps &
  MetricsDeps &
  DeadLetterDeps &
  DeadLetterPageDeps &
  QueryDeps &
  ExportDeps &
  EraseDeps &
  ArchiveDeps;

type Route = {
  /** What its answers are counted by. */
  readonly name: HttpRoute;
  readonly methods: readonly ["GET", "HEAD"] | readonly ["POST"];
  readonly path: RegExp;
  readonly isForEverybody?: true;
  answer(call: Call): Promise<void>;
};

/** Resolves once it listens. Whoever calls this closes it. */
export function startHttpServer(options: HttpServerOptions): Promise<Server> {
  const routes = createRoutes(options);
  const { limits = HTTP_LIMITS } = options;
  const server = createLimitedServer(limits, async (request, response) => {
    const beganMs = performance.now();
    const name = await respond(request, response, routes, options);
    if (response.headersSent) options.metrics.answered(name, response.statusCode);
    if (options.isAccessLogged) logAccess(request, response, name, beganMs, options.logger);
    if (!response.writableFinished) response.socket?.setTimeout(limits.stallTimeoutMs);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve(server));
  });
}

function createRoutes(options: HttpServerOptions): readonly Route[] {
  const reads = { methods: ["GET", "HEAD"] } as const;
  const asks = { methods: ["POST"] } as const;
  return [
    { name: "health", ...reads, path: /^\/healthz$/, isForEverybody: true, answer: answerHealth },
    {
      name: "health",
      ...reads,
      path: /^\/readyz$/,
      isForEverybody: true,
      answer: (call) => answerReadiness(call, options),
    },
    {
      name: "metrics",
      ...reads,
      path: /^\/metrics$/,
      // It looks at tokens itself: one that reads metrics alone will do.
      isForEverybody: true,
      answer: (call) => answerMetrics(call, options),
    },
    {
      name: "dead_letters",
      ...reads,
      path: /^\/dead-letters\/([^/]+)$/,
      answer: (call) => answerDeadLetterPage(call, options),
    },
    {
      name: "dead_letters",
      ...reads,
      path: /^\/dead-letters\/([^/]+)\/([^/]+)$/,
      answer: (call) => answerDeadLetter(call, options),
    },
    { name: "query", ...asks, path: /^\/query$/, answer: createQueryRoute(options) },
    { name: "export", ...asks, path: /^\/export$/, answer: createExportRoute(options) },
    { name: "erase", ...asks, path: /^\/erase$/, answer: (call) => answerErase(call, options) },
    {
      name: "archive",
      ...asks,
      path: /^\/archive$/,
      answer: (call) => answerArchive(call, options),
    },
  ];
}

/** No browser has any business here; should one come, it makes nothing of the answer. */
const SECURITY_HEADERS = [
  ["x-content-type-options", "nosniff"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
] as const;

/** Answers which route it was. */
async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
  { token, logger, tracer }: HttpServerOptions,
): Promise<HttpRoute> {
  const clientGone = goneSignal(response);
  let name: HttpRoute = "other";
  let trace: Span | undefined;
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
  try {
    const { route, captured } = findRoute(request, response, routes);
    name = route.name;
    if (!route.isForEverybody) {
      authorize(request, response, token);
      trace = tracer && startRequestSpan(tracer, request, response, `/${name}`);
    }
    await route.answer({ request, response, captured, clientGone, trace });
  } catch (error) {
    if (clientGone.aborted) return name;
    const problem =
      error instanceof HttpProblem ? error : new HttpProblem("internal-error", { cause: error });
    log(problem, request, name, trace, logger);
    // The client must not take the part that it has for the whole.
    if (response.headersSent) {
      response.destroy();
      return name;
    }
    if (!request.complete) response.setHeader("connection", "close");
    sendProblem(response, problem);
  }
  return name;
}

function findRoute(request: IncomingMessage, response: ServerResponse, routes: readonly Route[]) {
  const [pathname = ""] = (request.url ?? "").split("?");
  for (const route of routes) {
    const match = route.path.exec(pathname);
    if (match === null) continue;
    if (route.methods.some((method) => method === request.method)) {
      return { route, captured: match.slice(1) };
    }
    response.setHeader("allow", route.methods.join(", "));
    throw new HttpProblem("method-not-allowed");
  }
  throw new HttpProblem("not-found");
}

/** Aborts when the connection ends before the answer does. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new Error("the client went away"));
  });
  return gone.signal;
}

/** No path and no body: ids of events and users are in them. */
function logAccess(
  { method }: IncomingMessage,
  { statusCode: status }: ServerResponse,
  route: HttpRoute,
  beganMs: number,
  logger: Logger,
): void {
  const duration_ms = Math.round(performance.now() - beganMs);
  logger.info({ method, route, status, duration_ms }, "request");
}

/** What the client did wrong is its own matter. */
function log(
  problem: HttpProblem,
  request: IncomingMessage,
  route: HttpRoute,
  trace: Span | undefined,
  logger: Logger,
): void {
  if (PROBLEMS[problem.slug].status < 500) return;
  const fields = {
    err: problem.cause ?? problem,
    method: request.method,
    route,
    problem: problem.slug,
    trace_id: trace?.context.traceId,
  };
  logger.error(fields, "request failed");
}
