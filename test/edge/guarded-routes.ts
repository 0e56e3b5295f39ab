import type { KeyScope } from "../../contract/key.ts";
import { createTestApp, sampleEvent } from "./test-app.ts";

/** One route that a key opens. */
export type GuardedRoute = {
  /** As `POST /v1/events`. */
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly path: string;
  /** Without a key. */
  readonly init: RequestInit;
};

const OPEN = new Set([
  "GET /",
  "GET /docs",
  "GET /docs/style.css",
  "GET /healthz",
  "GET /openapi.json",
  "GET /readyz",
  // Has a token of its own.
  "GET /metrics",
]);

/** Whose key opens which route: what is not listed here and not open fails the tests. */
const SCOPES: Readonly<Record<string, readonly KeyScope[]>> = {
  "POST /v1/events": ["w"],
  "GET /v1/events": ["r"],
  "GET /v1/events/:event_id": ["r", "a"],
  "GET /v1/users/:user_id/events": ["r"],
  "GET /v1/stats/active-users": ["r"],
  "GET /v1/stats/top-events": ["r"],
  "GET /v1/stats/events": ["r"],
  "GET /v1/stats/retention": ["r"],
  "GET /v1/stats/funnel": ["r"],
  "POST /v1/query": ["r"],
  "GET /v1/export": ["r"],
  "DELETE /v1/users/:user_id": ["a"],
  "GET /v1/dead-letters": ["a"],
  "GET /v1/dead-letters/:event_id": ["a"],
};

/** Every route of the app but the open ones, so that a new one is tested whoever adds it. */
export function guardedRoutes(): GuardedRoute[] {
  const names = createTestApp()
    .routes.filter(({ method, path }) => method !== "ALL" && !path.includes("*"))
    .map(({ method, path }) => `${method} ${path}`);
  return [...new Set(names)]
    .filter((name) => !OPEN.has(name))
    .map((name) => {
      const [method = "", path = ""] = name.split(" ");
      const eventId = String(sampleEvent().event_id);
      return {
        name,
        scopes: SCOPES[name] ?? [],
        path: path.replace(":event_id", eventId).replace(":user_id", "user-1"),
        init: {
          method,
          ...(method === "POST" ? { body: JSON.stringify(sampleEvent()) } : {}),
          headers: { "content-type": "application/json" },
        },
      };
    });
}

/** The same request with a key in its header. */
export function withBearer(init: RequestInit, authorization: string): RequestInit {
  const headers = new Headers(init.headers);
  headers.set("authorization", authorization);
  return { ...init, headers };
}
