import { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { ProblemError } from "../problem.ts";
import { type EventPublisher, originOf } from "../publisher-pool.ts";
import { judgeReadiness, type PartState } from "../readiness.ts";

export type HealthDeps = {
  readonly publisher: Pick<EventPublisher, "ping" | "reports">;
  /** Rejects while Redis does not answer, or is left alone since it did not. */
  readonly pingRedis: () => Promise<unknown>;
  /** Rejects when the database, or what else the edge reads from, does not answer. */
  readonly pingDatabase: () => Promise<unknown>;
};

const CHECK_TIMEOUT_MS = 2_000;

/** `/healthz`: this isolate runs. `/readyz`: what works of all that stands behind it, as seen from the region of the request. */
export function healthRoutes(deps: HealthDeps) {
  return new Hono<AppEnv>()
    .get("/healthz", (c) => c.json({ status: "ok" }))
    .get("/readyz", async (c) => {
      const origin = originOf(c.req.raw);
      const [redis, stream, database, publishers] = await Promise.all([
        stateOf(deps.pingRedis()),
        stateOf(deps.publisher.ping(origin)),
        stateOf(deps.pingDatabase()),
        deps.publisher.reports(origin),
      ]);
      const readiness = judgeReadiness({ redis, stream, database, publishers });
      const headers = { "cache-control": "no-store" };
      if (readiness.status !== "not-ready") return c.json(readiness, 200, headers);
      const { parts, outbox } = readiness;
      throw new ProblemError("not-ready", {
        extensions: { parts, outbox },
        headers: { ...headers, "retry-after": "2" },
      });
    });
}

async function stateOf(answer: Promise<unknown>): Promise<PartState> {
  const timeout = Promise.withResolvers<"no answer">();
  const timer = setTimeout(() => timeout.resolve("no answer"), CHECK_TIMEOUT_MS);
  const state = await Promise.race([
    answer.then(
      () => "ok" as const,
      () => "failed" as const,
    ),
    timeout.promise,
  ]);
  clearTimeout(timer);
  return state;
}
