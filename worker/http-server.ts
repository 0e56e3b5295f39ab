import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { DeadLetter } from "../contract/dead-letter.ts";
import { PROBLEMS, type ProblemSlug } from "../contract/problem.ts";
import { PROJECT_ID_PATTERN } from "../contract/project.ts";
import { isUuid } from "../contract/uuid.ts";
import type { Readiness } from "./readiness.ts";

export type HttpServerOptions = {
  readonly host: string;
  readonly port: number;
  /** Undefined: nobody may read anything but the worker's health. */
  readonly token: string | undefined;
  readonly checkReadiness: () => Promise<Readiness>;
  /** The newest dead letter of an event. Rejects when the stream cannot be asked. */
  readonly findDeadLetter: (projectId: string, eventId: string) => Promise<DeadLetter | undefined>;
};

/**
 * `GET /healthz` and `/readyz` for everybody; `GET /dead-letters/<project>/<event id>` for whoever has the token. Resolves once it
 * listens. Whoever calls this closes it.
 */
export function startHttpServer(options: HttpServerOptions): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch(() => {
      if (!response.headersSent) sendProblem(response, "internal-error");
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve(server));
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions,
): Promise<void> {
  const [pathname = ""] = (request.url ?? "").split("?");
  const [, projectId, eventId] = /^\/dead-letters\/([^/]+)\/([^/]+)$/.exec(pathname) ?? [];
  const isHealth = pathname === "/healthz" || pathname === "/readyz";
  if (!isHealth && eventId === undefined) return sendProblem(response, "not-found");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return sendProblem(response, "method-not-allowed");
  }
  if (pathname === "/healthz") return send(response, 200, "application/json", { status: "ok" });
  if (pathname === "/readyz") return sendReadiness(response, await options.checkReadiness());
  if (!isAuthorized(request, options.token)) {
    response.setHeader("www-authenticate", 'Bearer realm="sluice-worker"');
    return sendProblem(response, "unauthorized");
  }
  await sendDeadLetter(response, projectId ?? "", eventId ?? "", options);
}

function sendReadiness(response: ServerResponse, parts: Readiness): void {
  const isReady = Object.values(parts).every((part) => part.ok);
  const status = isReady ? "ready" : "not-ready";
  send(response, isReady ? 200 : 503, "application/json", { status, parts });
}

async function sendDeadLetter(
  response: ServerResponse,
  projectId: string,
  eventId: string,
  options: HttpServerOptions,
): Promise<void> {
  if (!PROJECT_ID_PATTERN.test(projectId) || !isUuid(eventId)) {
    return sendProblem(response, "not-found");
  }
  let letter: DeadLetter | undefined;
  try {
    letter = await options.findDeadLetter(projectId, eventId);
  } catch {
    response.setHeader("retry-after", "2");
    return sendProblem(response, "store-unavailable");
  }
  if (letter === undefined) return sendProblem(response, "not-found");
  const { payload_base64, payload_is_cut, ...withoutPayload } = letter;
  send(response, 200, "application/json", withoutPayload);
}

/** Compares in constant time: the hashes are of one length, and tell nothing of where the texts differ. */
function isAuthorized(request: IncomingMessage, token: string | undefined): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const given = hash(request.headers.authorization ?? "");
  return token !== undefined && timingSafeEqual(given, hash(`Bearer ${token}`));
}

function sendProblem(response: ServerResponse, slug: ProblemSlug): void {
  const { status, title } = PROBLEMS[slug];
  const body = { type: `/problems/${slug}`, title, status };
  send(response, status, "application/problem+json", body);
}

function send(response: ServerResponse, status: number, type: string, body: object): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
