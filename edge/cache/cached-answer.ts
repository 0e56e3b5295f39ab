/** One answer of statistics without what each request says anew. Its parts are JSON, written once. */
export type CachedAnswer = {
  readonly data: string;
  readonly query: string;
  readonly sources: string;
  readonly etag: string;
  readonly asOf: string | null;
  /** When the store was asked: whatever happens to the rows later is not in it. */
  readonly readAtMs: number;
  readonly isClosed: boolean;
};

/** How long an answer is given without asking again, and how long after that while the store is asked. */
export type Lifetime = { readonly freshMs: number; readonly staleMs: number };

/**
 * A range that ended over a day ago hardly changes, but an import or a client that was offline may still add to it: that must be seen
 * within minutes. A range that includes now changes with every event.
 */
const CLOSED: Lifetime = { freshMs: 300_000, staleMs: 300_000 };
const OPEN: Lifetime = { freshMs: 5_000, staleMs: 25_000 };

export const LONGEST_LIFE_MS = CLOSED.freshMs + CLOSED.staleMs;

export function lifetimeOf({ isClosed }: Pick<CachedAnswer, "isClosed">): Lifetime {
  return isClosed ? CLOSED : OPEN;
}

export type Freshness = "fresh" | "stale" | "expired";

export function freshnessOf(answer: CachedAnswer, nowMs: number): Freshness {
  const { freshMs, staleMs } = lifetimeOf(answer);
  const ageMs = nowMs - answer.readAtMs;
  if (ageMs < freshMs) return "fresh";
  return ageMs < freshMs + staleMs ? "stale" : "expired";
}
