import type { Logger } from "../logger.ts";
import { type CircuitState, createCircuitBreaker } from "./circuit-breaker.ts";

/** Every call to Redis goes through one circuit in each isolate: while Redis is away, no request waits for its time-out. */
export type RedisCircuit = {
  readonly state: CircuitState;
  /** @throws {CircuitOpenError} at once, with nothing asked, while Redis is left alone. Else as `ask` does: any error is a failure. */
  call<T>(ask: () => Promise<T>): Promise<T>;
};

/** At most that long does an isolate not notice that Redis is back. */
const LONGEST_PAUSE_MS = 10_000;

export function createRedisCircuit(logger: Logger, now: () => number = Date.now): RedisCircuit {
  const breaker = createCircuitBreaker({
    maxFailures: 3,
    firstPauseMs: 1_000,
    longestPauseMs: LONGEST_PAUSE_MS,
  });

  function succeeded(): void {
    if (breaker.state === "half-open") logger.info("redis answers again");
    breaker.succeeded();
  }

  /** Tells of an outage once: neither calls that were under way when the circuit opened nor probes are logged. */
  function failed(error: unknown): void {
    const wasClosed = breaker.state === "closed";
    breaker.failed(now());
    if (!wasClosed) return;
    if (breaker.state === "closed") logger.warn("redis did not answer a call", { err: error });
    else logger.warn("redis does not answer: requests pass without it", { err: error });
  }

  return {
    get state() {
      return breaker.state;
    },

    async call(ask) {
      if (!breaker.admits(now())) throw new CircuitOpenError();
      try {
        const answer = await ask();
        succeeded();
        return answer;
      } catch (error) {
        failed(error);
        throw error;
      }
    },
  };
}

export class CircuitOpenError extends Error {
  override readonly name = "CircuitOpenError";

  constructor() {
    super("Cannot ask Redis: it did not answer lately");
  }
}
