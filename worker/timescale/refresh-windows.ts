import { type Aggregate, DAY_MS } from "./aggregates.ts";

/** Half-open, in milliseconds since 1970. */
export type Window = { readonly fromMs: number; readonly toMs: number };

/** Each refresh costs some 10 ms whatever it finds, so days this close go together, and never more than so many apart. */
const MERGE_GAP_MS = 7 * DAY_MS;
const MAX_WINDOWS = 12;

/**
 * The windows to refresh so that rows of these days become visible. What lies at or above the watermark is answered from raw rows
 * already, so it needs none.
 */
export function lateWindows(
  days: Iterable<number>,
  border: { readonly watermarkMs: number; readonly limitMs: number },
): Window[] {
  const below = [...days].filter((day) => day < border.watermarkMs).sort((a, b) => a - b);
  const windows: Window[] = [];
  for (const day of below) {
    const last = windows.at(-1);
    const toMs = Math.min(day + DAY_MS, border.limitMs);
    if (toMs <= day) continue;
    if (last !== undefined && day - last.toMs <= MERGE_GAP_MS) {
      windows[windows.length - 1] = { fromMs: last.fromMs, toMs };
    } else {
      windows.push({ fromMs: day, toMs });
    }
  }
  return joinNearest(windows);
}

/** The closed buckets above the watermark, or undefined when there is none: refreshing them keeps the raw tail short. */
export function tailWindow(border: {
  readonly oldestMs: number;
  readonly watermarkMs: number;
  readonly limitMs: number;
}): Window | undefined {
  const fromMs = Math.max(border.oldestMs, border.watermarkMs);
  return fromMs < border.limitMs ? { fromMs, toMs: border.limitMs } : undefined;
}

/**
 * What is left of a window above the floor of the hot tier. Below it an aggregate is history: the rows that a refresh would compute it from
 * are gone, and their buckets would go with them.
 */
export function aboveFloor(window: Window, floorMs: number): Window | undefined {
  if (window.toMs <= floorMs) return undefined;
  return { fromMs: Math.max(window.fromMs, floorMs), toMs: window.toMs };
}

/** The first piece of a window, so that no single refresh takes long. It begins and ends with a bucket if the window does. */
export function firstPiece(
  window: Window,
  pieceMs: number,
  aggregate: Pick<Aggregate, "bucketMs">,
): Window {
  const buckets = Math.max(1, Math.floor(pieceMs / aggregate.bucketMs));
  return {
    fromMs: window.fromMs,
    toMs: Math.min(window.toMs, window.fromMs + buckets * aggregate.bucketMs),
  };
}

/** Half or double the piece, to stay near the time one refresh should take. */
export function adaptPieceMs(pieceMs: number, tookMs: number): number {
  if (tookMs > TARGET_MS) return Math.max(MIN_PIECE_MS, pieceMs / 2);
  if (tookMs < TARGET_MS / 4) return Math.min(MAX_PIECE_MS, pieceMs * 2);
  return pieceMs;
}

const TARGET_MS = 400;
export const FIRST_PIECE_MS = 64 * DAY_MS;
/** A database that is busy with other work makes every piece slow: smaller ones would not be faster. */
const MIN_PIECE_MS = 8 * DAY_MS;
const MAX_PIECE_MS = 40 * 366 * DAY_MS;

function joinNearest(windows: readonly Window[]): Window[] {
  const joined = [...windows];
  while (joined.length > MAX_WINDOWS) {
    let nearest = 1;
    for (let index = 2; index < joined.length; index += 1) {
      if (gapBefore(joined, index) < gapBefore(joined, nearest)) nearest = index;
    }
    const [before, after] = joined.slice(nearest - 1, nearest + 1);
    if (before === undefined || after === undefined) break;
    joined.splice(nearest - 1, 2, { fromMs: before.fromMs, toMs: after.toMs });
  }
  return joined;
}

function gapBefore(windows: readonly Window[], index: number): number {
  return (windows[index]?.fromMs ?? 0) - (windows[index - 1]?.toMs ?? 0);
}
