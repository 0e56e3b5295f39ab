import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
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
  return token !== undefined && others.length === 0 && isBearer(authorization, token);
}

/** Compares in constant time: the hashes are of one length, and tell nothing of where the texts differ. */
function isBearer(authorization: string, token: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(authorization), hash(`Bearer ${token}`));
}
