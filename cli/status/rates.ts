import type { Said } from "./source.ts";

/** How fast a count grew over what is known; undefined while that is a single answer. A count that fell began anew: only what came after counts. */
export function ratePerSecond<Value>(
  history: readonly Said<Value>[],
  count: (value: Value) => number,
): number | undefined {
  const since = sinceRestart(history, count);
  const [first, last] = [since[0], since.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
  return (count(last.value) - count(first.value)) / ((last.atMs - first.atMs) / 1_000);
}

/** Counts of a histogram up to each bound, ascending, the last without an end. */
export type Buckets = readonly { readonly le: number; readonly count: number }[];

/** A quantile of what was observed over what is known; undefined where nothing was. As Prometheus' `histogram_quantile`. */
export function quantile<Value>(
  history: readonly Said<Value>[],
  read: (value: Value) => Buckets,
  share: number,
): number | undefined {
  const since = sinceRestart(history, (value) => read(value).at(-1)?.count ?? 0);
  const [first, last] = [since[0], since.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const before = new Map(read(first.value).map(({ le, count }) => [le, count]));
  const grown = read(last.value).map(({ le, count }) => ({
    le,
    count: count - (before.get(le) ?? 0),
  }));
  const total = grown.at(-1)?.count ?? 0;
  if (total <= 0) return undefined;
  const rank = share * total;
  const index = grown.findIndex(({ count }) => count >= rank);
  const bucket = grown[index];
  const { le: from, count: below } = grown[index - 1] ?? { le: 0, count: 0 };
  if (bucket === undefined) return undefined;
  // Above the last bound nothing is known but that it is above.
  if (!Number.isFinite(bucket.le)) return from;
  return from + ((bucket.le - from) * (rank - below)) / (bucket.count - below);
}

function sinceRestart<Value>(
  history: readonly Said<Value>[],
  count: (value: Value) => number,
): readonly Said<Value>[] {
  const restart = history.findLastIndex(
    ({ value }, index) => index > 0 && count(value) < count(history[index - 1]?.value ?? value),
  );
  return restart === -1 ? history : history.slice(restart);
}
