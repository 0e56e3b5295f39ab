import { type Context, Hono } from "hono";
import { encodeCursor } from "../../contract/event-page.ts";
import { pageCost } from "../../contract/query-cost.ts";
import { parseEventPageSearch } from "../../contract/stats-search.ts";
import type { AppEnv } from "../app-env.ts";
import { orInvalidQuery } from "../http/or-invalid-query.ts";
import { searchOf } from "../http/search-of.ts";
import { userIdOf } from "../http/user-id-of.ts";
import type { QueryLimiter } from "../limits/query-limiter.ts";
import type { StoreReader } from "../store/store-reader.ts";

export type EventPagesDeps = {
  readonly store: Pick<StoreReader, "readPage">;
  readonly queries: QueryLimiter;
  readonly now: () => number;
};

/** `GET /v1/events` and `GET /v1/users/{user_id}/events`: raw rows, newest first, a page at a time. Behind `authenticate(["r"])`. */
export function eventPageRoutes(deps: EventPagesDeps) {
  return new Hono<AppEnv>()
    .get("/v1/events", (c) => answerPage(c, {}, deps))
    .get("/v1/users/:user_id/events", (c) => answerPage(c, { user_id: userIdOf(c.req.url) }, deps));
}

/** Pages are not kept: whoever reads raw rows wants them as they are now, and hardly asks for the same page twice. */
async function answerPage(
  c: Context<AppEnv>,
  fixed: { readonly user_id?: string },
  { store, queries, now }: EventPagesDeps,
) {
  const startedMs = now();
  const query = orInvalidQuery(() => parseEventPageSearch(fixed, searchOf(c.req.url)));
  const { projectId } = c.var.key;
  const read = () => store.readPage(projectId, query);
  const { answer, headers } = await queries.run(projectId, pageCost(query), read);
  const { events, hasMore, asOf, sources } = answer;
  const last = hasMore ? events.at(-1) : undefined;
  const nowMs = now();
  const meta = {
    as_of: asOf,
    lag_ms: asOf === null ? null : Math.max(0, nowMs - Date.parse(asOf)),
    sources,
    elapsed_ms: nowMs - startedMs,
  };
  const next_cursor = last === undefined ? null : encodeCursor(last);
  return c.json({ data: events, next_cursor, meta }, 200, {
    ...headers,
    "cache-control": "no-store",
    vary: "Authorization",
  });
}
