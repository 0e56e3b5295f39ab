import type { EventRow } from "../event-row.ts";

const MAX_GROUPS = 6;
/** Rows further apart than this are better off in transactions of their own. */
const MIN_GAP_MS = 2 * 86_400_000;

/**
 * Cuts rows at the widest gaps between their times. TimescaleDB notes for each transaction one range, from its oldest row to its
 * newest, that its continuous aggregates must compute again: a single row of last year among today's would cost a year.
 */
export function splitByTime(rows: readonly EventRow[]): (readonly EventRow[])[] {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const { occurredAtMs } of rows) {
    if (occurredAtMs < min) min = occurredAtMs;
    if (occurredAtMs > max) max = occurredAtMs;
  }
  if (rows.length === 0) return [];
  if (max - min <= MIN_GAP_MS) return [rows];
  const sorted = rows.toSorted((a, b) => a.occurredAtMs - b.occurredAtMs);
  const cuts = findGaps(sorted)
    .sort((a, b) => b.gapMs - a.gapMs)
    .slice(0, MAX_GROUPS - 1)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
  return [0, ...cuts].map((from, place) => sorted.slice(from, cuts[place]));
}

function findGaps(sorted: readonly EventRow[]): { index: number; gapMs: number }[] {
  const gaps: { index: number; gapMs: number }[] = [];
  let previous: EventRow | undefined;
  for (const [index, row] of sorted.entries()) {
    const gapMs = previous === undefined ? 0 : row.occurredAtMs - previous.occurredAtMs;
    if (gapMs > MIN_GAP_MS) gaps.push({ index, gapMs });
    previous = row;
  }
  return gaps;
}
