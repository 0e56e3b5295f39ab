import type { IncomingMessage, ServerResponse } from "node:http";
import { isSameSecret } from "../../contract/same-secret.ts";
import { HttpProblem } from "./problem.ts";

/**
 * Insists on the worker's token; where the worker has none, nobody gets in.
 * @throws {HttpProblem}
 */
export function authorize(
  request: IncomingMessage,
  response: ServerResponse,
  token: string | undefined,
): void {
  if (isAuthorized(request, token)) return;
  response.setHeader("www-authenticate", 'Bearer realm="sluice-worker"');
  throw new HttpProblem("unauthorized");
}

export function isAuthorized(request: IncomingMessage, token: string | undefined): boolean {
  // Of two headers a proxy in front may have looked at the other one.
  const [authorization = "", ...others] = request.headersDistinct.authorization ?? [];
  if (token === undefined || others.length > 0) return false;
  return isSameSecret(authorization, `Bearer ${token}`);
}
