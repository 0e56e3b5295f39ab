import { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { ProblemError } from "../problem.ts";

/** Each part of the system that the edge needs, and how to ask it. A check rejects when the part does not answer in time. */
export type ReadinessChecks = Readonly<Record<string, () => Promise<unknown>>>;

const CHECK_TIMEOUT_MS = 2_000;

/** `/healthz`: this isolate runs. `/readyz`: every part behind it answers; each is named with its state. */
export function healthRoutes(checks: ReadinessChecks) {
  return new Hono<AppEnv>()
    .get("/healthz", (c) => c.json({ status: "ok" }))
    .get("/readyz", async (c) => {
      const states = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => [name, await stateOf(check)] as const),
      );
      const parts = Object.fromEntries(states);
      if (states.some(([, state]) => state !== "ok")) {
        throw new ProblemError("not-ready", {
          extensions: { parts },
          headers: { "cache-control": "no-store", "retry-after": "2" },
        });
      }
      return c.json({ status: "ready", parts }, 200, { "cache-control": "no-store" });
    });
}

async function stateOf(check: () => Promise<unknown>): Promise<"ok" | "no answer" | "failed"> {
  const timeout = Promise.withResolvers<"no answer">();
  const timer = setTimeout(() => timeout.resolve("no answer"), CHECK_TIMEOUT_MS);
  const answer = check().then(
    () => "ok" as const,
    () => "failed" as const,
  );
  const state = await Promise.race([answer, timeout.promise]);
  clearTimeout(timer);
  return state;
}
