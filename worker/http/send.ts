import type { ServerResponse } from "node:http";
import { PROBLEMS } from "../../contract/problem.ts";
import { redact } from "../../contract/redact.ts";
import type { HttpProblem } from "./problem.ts";

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", JSON.stringify(body));
}

/** RFC 9457. Whatever it quotes of the request is redacted. */
export function sendProblem(response: ServerResponse, { slug, details }: HttpProblem): void {
  const { status, title } = PROBLEMS[slug];
  const { detail, errors, retryAfterSeconds } = details;
  if (retryAfterSeconds !== undefined) response.setHeader("retry-after", retryAfterSeconds);
  const problem = {
    type: `/problems/${slug}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  };
  send(response, status, "application/problem+json", redact(JSON.stringify(problem)));
}

export function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(text);
}
