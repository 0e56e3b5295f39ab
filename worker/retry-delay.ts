const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * How long to wait before attempt `attempt + 1`: doubling, with full jitter, so that workers that failed together do not come back
 * together. `random` is in [0, 1).
 */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
