import { Hono } from "hono";
import type { StatsKind } from "../../contract/stats-query.ts";
import { parseStatsSearch } from "../../contract/stats-search.ts";
import { type AskedQuery, answerStats, type StatsDeps, toAsked } from "../answer-stats.ts";
import type { AppEnv } from "../app-env.ts";
import { orInvalidQuery } from "../http/or-invalid-query.ts";
import { searchOf } from "../http/search-of.ts";

/** The path of each kind of question, below `/v1/stats`. */
export const STATS_PATHS: Readonly<Record<StatsKind, string>> = {
  active_users: "/active-users",
  top_events: "/top-events",
  events: "/events",
  retention: "/retention",
  funnel: "/funnel",
};

/** `GET /v1/stats/…`: parse → cache or store → answer. Behind `authenticate(["r"])`. */
export function statsRoutes(deps: StatsDeps) {
  const parse = rememberParsed((kind, url) =>
    toAsked(orInvalidQuery(() => parseStatsSearch(kind, searchOf(url)))),
  );
  const routes = new Hono<AppEnv>();
  for (const [kind, path] of Object.entries(STATS_PATHS)) {
    routes.get(path, (c) => {
      const startedMs = deps.now();
      return answerStats(c, parse(kind as StatsKind, c.req.url), startedMs, deps);
    });
  }
  return routes;
}

const MAX_REMEMBERED = 1_000;
const MAX_REMEMBERED_CHARACTERS = 2_000;

/** Remembers what URLs ask: a dashboard asks the same ones again and again, and to parse one takes longer than to find its answer. */
function rememberParsed(parse: (kind: StatsKind, url: string) => AskedQuery) {
  const known = new Map<string, AskedQuery>();
  return (kind: StatsKind, url: string): AskedQuery => {
    const found = known.get(url);
    if (found !== undefined) return found;
    const asked = parse(kind, url);
    if (url.length > MAX_REMEMBERED_CHARACTERS) return asked;
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(url, asked);
    return asked;
  };
}
