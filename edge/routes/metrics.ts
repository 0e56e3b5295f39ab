import { Hono } from "hono";
import { EXPOSITION_CONTENT_TYPE, formatExposition } from "../../contract/metrics/exposition.ts";
import { isSameSecret } from "../../contract/same-secret.ts";
import type { AppEnv } from "../app-env.ts";
import { delay } from "../delay.ts";
import { findReadiness, type HealthDeps } from "../find-readiness.ts";
import { ProblemError } from "../http/problem.ts";
import { originOf, originOfRegion, REGIONS, type RequestOrigin } from "../http/request-origin.ts";
import type { RevocationList } from "../keys/revocation-list.ts";
import type { EdgeCounters } from "../metrics/edge-counters.ts";
import { edgeMetrics } from "../metrics/edge-metrics.ts";
import type { TallyTeller } from "../metrics/tally-teller.ts";
import type { RedisCircuit } from "../redis/redis-circuit.ts";

export type MetricsDeps = HealthDeps & {
  readonly redisCircuit: Pick<RedisCircuit, "state">;
  readonly revocations: Pick<RevocationList, "status">;
  readonly counters: EdgeCounters;
  readonly tallies: Pick<TallyTeller<RequestOrigin>, "now">;
  /** Undefined: there are no metrics. */
  readonly metricsToken: string | undefined;
};

/** A publisher that hangs makes a scrape no longer than others that hang. */
const TELL_TIMEOUT_MS = 2_000;

/** `GET /metrics`, for whoever has the token: of the region that the request comes from, or that `?region=` names. */
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
    const origin = parseRegion(c.req.query("region")) ?? originOf(c.req.raw);
    // What this isolate has counted belongs where its requests come from.
    await Promise.race([deps.tallies.now(originOf(c.req.raw)), delay(TELL_TIMEOUT_MS)]);
    const found = await findReadiness(deps, origin);
    const { redisCircuit, revocations, counters } = deps;
    const metrics = edgeMetrics(
      { ...found, redisCircuit: redisCircuit.state, revocations: revocations.status() },
      counters,
    );
    return c.body(formatExposition(metrics), 200, {
      "content-type": EXPOSITION_CONTENT_TYPE,
      "cache-control": "no-store",
    });
  });
}

function parseRegion(name: string | undefined): RequestOrigin | undefined {
  if (name === undefined) return undefined;
  const region = REGIONS.find((known) => known === name);
  if (region !== undefined) return originOfRegion(region);
  throw new ProblemError("invalid-query", {
    errors: [{ pointer: "/region", detail: `region is none of ${REGIONS.join(", ")}` }],
  });
}
