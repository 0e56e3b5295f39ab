const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

export type Attempts = {
  /** Attempts of this batch that failed so far, at least 1. */
  readonly failures: number;
  /** What the server asked for, if it did. */
  readonly retryAfterMs: number | undefined;
  /** Time in which no batch of the import was answered. */
  readonly idleMs: number;
  readonly maxIdleMs: number;
};

export type NextAttempt =
  | { readonly kind: "wait"; readonly delayMs: number }
  | { readonly kind: "give-up"; readonly reason: string };

/**
 * How long to wait before the same body is sent again, or that it is time to give up. Never sooner than the server asks; without
 * its word, exponential with full jitter. `random` is in [0, 1).
 */
export function nextAttempt(attempts: Attempts, random: number): NextAttempt {
  const { failures, retryAfterMs, idleMs, maxIdleMs } = attempts;
  const remainingMs = maxIdleMs - idleMs;
  const limit = `${Math.round(maxIdleMs / 1000)} s (--max-retry-seconds)`;
  if (remainingMs <= 0) return { kind: "give-up", reason: `no progress for ${limit}` };
  if (retryAfterMs !== undefined && retryAfterMs > remainingMs) {
    const seconds = Math.ceil(retryAfterMs / 1000);
    return { kind: "give-up", reason: `it asks to wait ${seconds} s, longer than ${limit} allow` };
  }
  if (retryAfterMs !== undefined) {
    // A little later than asked, so that everyone who was told the same does not come at once.
    return { kind: "wait", delayMs: Math.min(remainingMs, retryAfterMs + random * FIRST_DELAY_MS) };
  }
  const ceilingMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
  return { kind: "wait", delayMs: Math.min(remainingMs, ceilingMs * (0.5 + random / 2)) };
}
