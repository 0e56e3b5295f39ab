import { createMiddleware } from "hono/factory";
import { statusClassOf } from "../../contract/metrics/status-class.ts";
import type { AppEnv } from "../app-env.ts";
import { originOf, type RequestOrigin } from "../http/request-origin.ts";
import type { EdgeCounters } from "./edge-counters.ts";
import { routeFamilyOf } from "./route-family.ts";
import type { TallyTeller } from "./tally-teller.ts";

export type CountRequestsDeps = {
  readonly counters: EdgeCounters;
  readonly tallies: Pick<TallyTeller<RequestOrigin>, "soon">;
  readonly now: () => number;
};

/** Counts each request with its answer, whatever gave it. Comes before everything else. */
export function countRequests({ counters, tallies, now }: CountRequestsDeps) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const beganMs = now();
    await next();
    const route = routeFamilyOf(c.req.method, c.req.path);
    counters.requests.add(1, { route, status: statusClassOf(c.res.status) });
    counters.requestSeconds.observe((now() - beganMs) / 1_000, { route });
    tallies.soon(originOf(c.req.raw), (work) => c.executionCtx.waitUntil(work));
  });
}
