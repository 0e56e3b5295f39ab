/** How far the clocks may be apart before the fine one is set again. */
const MAX_DRIFT_MS = 2;

/**
 * The time of day with fractions of a millisecond, where there are any: `Date.now()` has none, and `performance.now()` knows nothing of
 * the clock being set. On Cloudflare neither moves but with I/O.
 */
export function createFineClock(): () => number {
  let offsetMs = Date.now() - performance.now();
  return () => {
    const nowMs = Date.now();
    const fineMs = offsetMs + performance.now();
    if (Math.abs(fineMs - nowMs) <= MAX_DRIFT_MS) return fineMs;
    offsetMs = nowMs - performance.now();
    return nowMs;
  };
}
