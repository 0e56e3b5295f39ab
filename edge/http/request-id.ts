import { createMiddleware } from "hono/factory";
import { redact } from "../../contract/redact.ts";
import type { AppEnv } from "../app-env.ts";

/**
 * Names each request: as `X-Request-Id` does, or with an id of our own where the client sends none, or one that is no id. The id is
 * logged, goes with the events through the stream and comes back in the answer, so a key in its place counts as none.
 */
export function nameRequest() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const given = c.req.header("x-request-id");
    const id = given !== undefined && isRequestId(given) ? given : crypto.randomUUID();
    c.set("requestId", id);
    c.header("x-request-id", id);
    await next();
  });
}

function isRequestId(text: string): boolean {
  return /^[\w=-]{1,200}$/.test(text) && redact(text) === text;
}
