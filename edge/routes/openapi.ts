import { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { createOpenApiDocument } from "../openapi/document.ts";

/** `GET /openapi.json`. Made at the first request: an isolate that only takes events never pays for it. */
export function openApiRoutes() {
  let document: string | undefined;
  return new Hono<AppEnv>().get("/openapi.json", (c) => {
    document ??= JSON.stringify(createOpenApiDocument());
    return c.body(document, 200, {
      "content-type": "application/json",
      "cache-control": "public, max-age=300",
    });
  });
}
