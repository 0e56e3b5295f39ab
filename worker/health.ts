import { createServer, type Server, type ServerResponse } from "node:http";
import { PROBLEMS, type ProblemSlug } from "../contract/problem.ts";

export type Part = { readonly ok: boolean } & Readonly<Record<string, unknown>>;
export type Readiness = Readonly<Record<string, Part>>;

export type HealthOptions = {
  readonly host: string;
  readonly port: number;
  readonly checkReadiness: () => Promise<Readiness>;
};

/** Serves /healthz and /readyz; resolves once it listens. Whoever calls this closes it. */
export function startHealthServer(options: HealthOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://worker").pathname;
    answer(request.method ?? "GET", path, response, options.checkReadiness).catch(() => {
      if (!response.headersSent) sendProblem(response, "internal-error");
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve(server));
  });
}

async function answer(
  method: string,
  path: string,
  response: ServerResponse,
  checkReadiness: () => Promise<Readiness>,
): Promise<void> {
  if (path !== "/healthz" && path !== "/readyz") return sendProblem(response, "not-found");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return sendProblem(response, "method-not-allowed");
  }
  if (path === "/healthz") return send(response, 200, "application/json", { status: "ok" });
  const parts = await checkReadiness();
  const isReady = Object.values(parts).every((part) => part.ok);
  send(response, isReady ? 200 : 503, "application/json", {
    status: isReady ? "ready" : "not-ready",
    parts,
  });
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
