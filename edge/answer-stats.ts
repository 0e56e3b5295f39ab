import { createHash } from "node:crypto";
import type { Context } from "hono";
import { queryCost } from "../contract/query-cost.ts";
import { endOfAnswerMs, type StatsMeta, toStatsData } from "../contract/stats-answer.ts";
import type { StatsQuery } from "../contract/stats-query.ts";
import { DAY_MS } from "../contract/time-buckets.ts";
import type { AppEnv } from "./app-env.ts";
import type { AnswerCache, CacheUse } from "./cache/answer-cache.ts";
import { type CachedAnswer, lifetimeOf } from "./cache/cached-answer.ts";
import type { QueryLimiter } from "./limits/query-limiter.ts";
import type { EdgeCounters } from "./metrics/edge-counters.ts";
import type { StoreReader } from "./store/store-reader.ts";
import { type TracingDeps, withSpan } from "./trace/with-span.ts";

export type StatsDeps = TracingDeps & {
  readonly store: Pick<StoreReader, "readStats">;
  readonly answers: AnswerCache;
  readonly queries: QueryLimiter;
  readonly counters: Pick<EdgeCounters, "cacheAnswers">;
  readonly now: () => number;
};

/** A question with its JSON, by which its answers are kept. */
export type AskedQuery = { readonly query: StatsQuery; readonly json: string };

export function toAsked(query: StatsQuery): AskedQuery {
  return { query, json: JSON.stringify(query) };
}

/** Answers a question of statistics from the cache or the store: what all routes of statistics share. */
export async function answerStats(
  c: Context<AppEnv>,
  { query, json }: AskedQuery,
  startedMs: number,
  { store, answers, queries, counters, now, tracing }: StatsDeps,
): Promise<Response> {
  const { projectId } = c.var.key;
  /** What this request took, if it was the one that asked the store. */
  let limitHeaders: Record<string, string> = {};
  const ask = async () => {
    const asking = () => askStore(projectId, query, json, { store, now });
    const { answer, headers } = await queries.run(projectId, queryCost(query), asking);
    limitHeaders = headers;
    return answer;
  };
  const asked = {
    projectId,
    question: json,
    isForced: FORCED.test(c.req.header("cache-control") ?? ""),
    ask,
    waitUntil: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
  };
  const { answer, use } = await withSpan({ tracing }, "cache", {}, async (span) => {
    const result = await answers.read(asked);
    span?.set({ "sluice.cache": result.use });
    return result;
  });
  counters.cacheAnswers.add(1, { use });
  const nowMs = now();
  const headers = {
    ...limitHeaders,
    etag: answer.etag,
    "cache-control": `private, max-age=${remainingSeconds(answer, nowMs)}`,
    vary: "Authorization",
  };
  if (matches(c.req.header("if-none-match"), answer.etag)) return c.body(null, 304, headers);
  return c.body(toBody(answer, use, nowMs, nowMs - startedMs), 200, {
    ...headers,
    "content-type": "application/json",
  });
}

const FORCED = /\bno-(cache|store)\b/i;

async function askStore(
  projectId: string,
  query: StatsQuery,
  json: string,
  { store, now }: Pick<StatsDeps, "store" | "now">,
): Promise<CachedAnswer> {
  const readAtMs = now();
  const { rows, asOf, sources } = await store.readStats(projectId, query);
  const asOfMs = asOf === null ? undefined : Date.parse(asOf);
  const data = JSON.stringify(toStatsData(query, rows, asOfMs ?? now()));
  return {
    data,
    query: json,
    sources: JSON.stringify(sources),
    etag: entityTag(projectId, json, data),
    asOf,
    readAtMs,
    isClosed: asOfMs !== undefined && endOfAnswerMs(query) < asOfMs - DAY_MS,
  };
}

/** What is kept is text already; only what a request says anew is written for it. */
function toBody(answer: CachedAnswer, use: CacheUse, nowMs: number, elapsedMs: number): string {
  const { data, query, sources, asOf } = answer;
  const own: Omit<StatsMeta, "query" | "sources"> = {
    as_of: asOf,
    lag_ms: asOf === null ? null : Math.max(0, nowMs - Date.parse(asOf)),
    cache: use,
    elapsed_ms: elapsedMs,
  };
  return `{"data":${data},"meta":{"query":${query},"sources":${sources},${JSON.stringify(own).slice(1)}}`;
}

/** Weak (RFC 9110 §8.8.1): the same question with the same numbers, read at another time, is the same answer. */
function entityTag(projectId: string, query: string, data: string): string {
  const hash = createHash("sha256").update(`${projectId}\n${query}\n${data}`);
  return `W/"${hash.digest("base64url").slice(0, 22)}"`;
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || opaque(tag) === opaque(etag));
}

/** A client keeps an answer no longer than the edge calls it fresh. */
function remainingSeconds(answer: CachedAnswer, nowMs: number): number {
  const untilMs = answer.readAtMs + lifetimeOf(answer).freshMs;
  return Math.max(0, Math.ceil((untilMs - nowMs) / 1_000));
}
