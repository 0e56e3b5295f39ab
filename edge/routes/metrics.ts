import { Hono } from "hono";
import { EXPOSITION_CONTENT_TYPE, formatExposition } from "../../contract/metrics/exposition.ts";
import { isSameSecret } from "../../contract/same-secret.ts";
import type { AppEnv } from "../app-env.ts";
import { edgeMetrics } from "../edge-metrics.ts";
import type { LimitCounters } from "../limit-counters.ts";
import { ProblemError } from "../problem.ts";
import { type EventPublisher, originOf } from "../publisher-pool.ts";
import type { RedisCircuit } from "../redis-circuit.ts";
import type { RevocationList } from "../revocation-list.ts";

export type MetricsDeps = {
  readonly publisher: Pick<EventPublisher, "reports">;
  readonly redisCircuit: Pick<RedisCircuit, "state">;
  readonly revocations: Pick<RevocationList, "status">;
  readonly limitCounters: Pick<LimitCounters, "refused" | "unchecked">;
  /** Undefined: there are no metrics. */
  readonly metricsToken: string | undefined;
};

/** `GET /metrics`, for whoever has the token: of the region and the isolate that the request meets. */
export function metricsRoutes(deps: MetricsDeps) {
  return new Hono<AppEnv>().get("/metrics", async (c) => {
    if (deps.metricsToken === undefined) {
      throw new ProblemError("not-found", { detail: "METRICS_TOKEN is not set" });
    }
    if (!isSameSecret(c.req.header("authorization") ?? "", `Bearer ${deps.metricsToken}`)) {
      throw new ProblemError("unauthorized", {
        detail: "Send the metrics token as Authorization: Bearer <token>",
        headers: { "www-authenticate": 'Bearer realm="sluice"' },
      });
    }
    const publishers = await deps.publisher.reports(originOf(c.req.raw));
    const { redisCircuit, revocations, limitCounters } = deps;
    const text = formatExposition(
      edgeMetrics(publishers, redisCircuit.state, revocations.status(), limitCounters),
    );
    return c.body(text, 200, {
      "content-type": EXPOSITION_CONTENT_TYPE,
      "cache-control": "no-store",
    });
  });
}
