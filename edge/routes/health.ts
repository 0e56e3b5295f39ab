import { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { findReadiness, type HealthDeps } from "../find-readiness.ts";
import { ProblemError } from "../http/problem.ts";
import { originOf } from "../http/request-origin.ts";

/** `/healthz`: this isolate runs. `/readyz`: what works of all that stands behind it, as seen from the region of the request. */
export function healthRoutes(deps: HealthDeps) {
  return new Hono<AppEnv>()
    .get("/healthz", (c) => c.json({ status: "ok" }))
    .get("/readyz", async (c) => {
      const { readiness } = await findReadiness(deps, originOf(c.req.raw));
      const headers = { "cache-control": "no-store" };
      if (readiness.status !== "not-ready") return c.json(readiness, 200, headers);
      const { parts, outbox } = readiness;
      throw new ProblemError("not-ready", {
        extensions: { parts, outbox },
        headers: { ...headers, "retry-after": "2" },
      });
    });
}
