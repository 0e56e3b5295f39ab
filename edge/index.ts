import type { Hono } from "hono";
import { createApp } from "./app.ts";
import type { AppEnv } from "./app-env.ts";
import type { Bindings } from "./bindings.ts";
import { createCloudflarePlatform } from "./cloudflare-platform.ts";
import { createDeps } from "./deps.ts";
import { parseConfig } from "./env.ts";
import { problemResponse } from "./http/problem.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { createLogger } from "./logger.ts";

export { RevocationKeeper } from "./keys/revocation-keeper.ts";
export { Publisher } from "./publish/publisher.ts";

/** Built at an isolate's first request: bindings exist only then. */
let app: Hono<AppEnv> | undefined;

export default {
  fetch(request, bindings, context) {
    try {
      app ??= startApp(bindings);
    } catch (error) {
      createLogger().error("the edge cannot start", { err: error });
      const response = problemResponse("internal-error", {}, crypto.randomUUID());
      addSecurityHeaders(response.headers, request.url);
      return response;
    }
    return app.fetch(request, bindings, context);
  },
} satisfies ExportedHandler<Bindings>;

function startApp(bindings: Bindings): Hono<AppEnv> {
  const config = parseConfig(bindings);
  return createApp(createDeps(config, createCloudflarePlatform(bindings, config)));
}
