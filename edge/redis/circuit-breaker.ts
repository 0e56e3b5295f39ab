export type CircuitState = "closed" | "half-open" | "open";

export type CircuitBreakerOptions = {
  /** Failures in a row that open the circuit. */
  readonly maxFailures: number;
  /** Before the first probe of an open circuit; doubled after each that fails. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
};

/**
 * Spares callers the wait for something that does not answer. It only decides; whoever calls reports what came of each call. Nobody
 * waits for another's call: a Worker may not, a promise belongs to its request.
 *
 * | state     | calls             | success | failure                    |
 * |-----------|-------------------|---------|----------------------------|
 * | closed    | pass              | closed  | the `maxFailures`th: open  |
 * | open      | none, for a pause | ignored | ignored: an earlier call's |
 * | half-open | none but a probe  | closed  | open, for a longer pause   |
 */
export type CircuitBreaker = {
  readonly state: CircuitState;
  /** Whether a call may be made now. True makes it the probe when an open circuit's pause is over. */
  admits(nowMs: number): boolean;
  succeeded(): void;
  failed(nowMs: number): void;
};

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  let state: CircuitState = "closed";
  let failures = 0;
  let pauseMs = options.firstPauseMs;
  let nextProbeAtMs = 0;

  function open(nowMs: number): void {
    state = "open";
    nextProbeAtMs = nowMs + pauseMs;
  }

  return {
    get state() {
      return state;
    },

    admits(nowMs) {
      if (state === "closed") return true;
      if (nowMs < nextProbeAtMs) return false;
      state = "half-open";
      // A time, not a flag: a probe that is cut off with its request blocks no later one.
      nextProbeAtMs = nowMs + pauseMs;
      return true;
    },

    succeeded() {
      if (state === "open") return;
      state = "closed";
      failures = 0;
      pauseMs = options.firstPauseMs;
    },

    failed(nowMs) {
      if (state === "half-open") {
        pauseMs = Math.min(pauseMs * 2, options.longestPauseMs);
        open(nowMs);
      } else if (state === "closed") {
        failures += 1;
        if (failures >= options.maxFailures) open(nowMs);
      }
    },
  };
}
