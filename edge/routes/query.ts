import { Hono } from "hono";
import { parseStatsJson } from "../../contract/stats-search.ts";
import { answerStats, type StatsDeps, toAsked } from "../answer-stats.ts";
import type { AppEnv } from "../app-env.ts";
import { orInvalidQuery } from "../http/or-invalid-query.ts";
import { readJson } from "../http/read-json.ts";

export const MAX_QUERY_BYTES = 64 * 1024;

/** `POST /v1/query`: the questions of `/v1/stats` as one JSON body. Behind `authenticate(["r"])`. */
export function queryRoutes(deps: StatsDeps) {
  return new Hono<AppEnv>().post("/", async (c) => {
    const startedMs = deps.now();
    const value = await readJson(c.req.raw, MAX_QUERY_BYTES);
    return answerStats(c, toAsked(orInvalidQuery(() => parseStatsJson(value))), startedMs, deps);
  });
}
