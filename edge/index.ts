import type { Hono } from "hono";
import { createApp } from "./app.ts";
import type { AppEnv } from "./app-env.ts";
import { createDeps } from "./deps.ts";
import type { Bindings } from "./env.ts";

export { Publisher } from "./publisher.ts";

/** Built at an isolate's first request: bindings exist only then. */
let app: Hono<AppEnv> | undefined;

export default {
  fetch(request, bindings, context) {
    app ??= createApp(createDeps(bindings));
    return app.fetch(request, bindings, context);
  },
} satisfies ExportedHandler<Bindings>;
