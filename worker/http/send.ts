import type { ServerResponse } from "node:http";
import { PROBLEMS } from "../../contract/problem.ts";
import type { HttpProblem } from "./problem.ts";

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", body);
}

/** RFC 9457. */
export function sendProblem(response: ServerResponse, { slug, details }: HttpProblem): void {
  const { status, title } = PROBLEMS[slug];
  const { detail, errors, retryAfterSeconds } = details;
  if (retryAfterSeconds !== undefined) response.setHeader("retry-after", retryAfterSeconds);
  send(response, status, "application/problem+json", {
    type: `/problems/${slug}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  });
}

function send(response: ServerResponse, status: number, type: string, body: unknown): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
