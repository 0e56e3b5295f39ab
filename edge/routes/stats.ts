import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import { StatsQueryError } from "../../contract/query-parts.ts";
import { endOfAnswerMs, type StatsMeta, toStatsData } from "../../contract/stats-answer.ts";
import type { StatsKind, StatsQuery } from "../../contract/stats-query.ts";
import { parseStatsSearch } from "../../contract/stats-search.ts";
import { DAY_MS } from "../../contract/time-buckets.ts";
import type { AppEnv } from "../app-env.ts";
import { ProblemError } from "../problem.ts";
import type { StatsReader } from "../stats-reader.ts";

export type StatsDeps = {
  readonly statsReader: StatsReader;
  readonly now: () => number;
};

/** The path of each kind of question, below `/v1/stats`. */
export const STATS_PATHS: Readonly<Record<StatsKind, string>> = {
  active_users: "/active-users",
  top_events: "/top-events",
  events: "/events",
  retention: "/retention",
  funnel: "/funnel",
};

/** `GET /v1/stats/…`: parse → read → fill → answer. Behind `authenticate("r")`. */
export function statsRoutes(deps: StatsDeps) {
  const routes = new Hono<AppEnv>();
  for (const [kind, path] of Object.entries(STATS_PATHS)) {
    routes.get(path, (c) => answer(c, kind as StatsKind, deps));
  }
  return routes;
}

async function answer(c: Context<AppEnv>, kind: StatsKind, { statsReader, now }: StatsDeps) {
  const startedMs = now();
  const search = new URL(c.req.url).searchParams;
  search.delete("key"); // authentication's
  const query = orInvalidQuery(() => parseStatsSearch(kind, search));

  const { projectId } = c.var.key;
  const { rows, asOf, sources } = await statsReader.read(projectId, query);
  const answeredMs = now();
  const asOfMs = asOf === null ? undefined : Date.parse(asOf);
  const data = JSON.stringify(orInvalidQuery(() => toStatsData(query, rows, asOfMs ?? answeredMs)));
  const etag = entityTag(projectId, query, data);
  const headers = {
    etag,
    "cache-control": `private, max-age=${maxAgeSeconds(query, asOfMs)}`,
    vary: "Authorization",
  };
  if (matches(c.req.header("if-none-match"), etag)) return c.body(null, 304, headers);
  const meta: StatsMeta = {
    query,
    as_of: asOf,
    lag_ms: asOfMs === undefined ? null : Math.max(0, answeredMs - asOfMs),
    sources: [...sources],
    cache: "miss",
    elapsed_ms: answeredMs - startedMs,
  };
  return c.body(`{"data":${data},"meta":${JSON.stringify(meta)}}`, 200, {
    ...headers,
    "content-type": "application/json",
  });
}

function orInvalidQuery<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StatsQueryError)) throw error;
    throw new ProblemError("invalid-query", { errors: [...error.faults] });
  }
}

/** Weak (RFC 9110 §8.8.1): the same question with the same numbers, read at another time, is the same answer. */
function entityTag(projectId: string, query: StatsQuery, data: string): string {
  const hash = createHash("sha256").update(`${projectId}\n${JSON.stringify(query)}\n${data}`);
  return `W/"${hash.digest("base64url").slice(0, 22)}"`;
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return (ifNoneMatch ?? "")
    .split(",")
    .some((tag) => tag.trim() === "*" || opaque(tag) === opaque(etag));
}

/**
 * A range that ended over a day ago hardly changes, but an import or a client that was offline may still add to it: whoever keeps
 * the answer must see that within minutes. A range that includes now changes with every event.
 */
function maxAgeSeconds(query: StatsQuery, asOfMs: number | undefined): number {
  const hasEnded = asOfMs !== undefined && endOfAnswerMs(query) < asOfMs - DAY_MS;
  return hasEnded ? 300 : 5;
}
