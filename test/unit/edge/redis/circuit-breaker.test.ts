import { describe, expect, it } from "vitest";
import { type CircuitState, createCircuitBreaker } from "../../../../edge/redis/circuit-breaker.ts";

/** What happens, at which millisecond, and the state after it. `is held`: a call may not be made; `passes`, `probes`: it may. */
type Step = readonly [
  nowMs: number,
  what: "fails" | "succeeds" | "is held" | "passes" | "probes",
  state: CircuitState,
];

const OPENED: readonly Step[] = [
  [0, "fails", "closed"],
  [1, "fails", "closed"],
  [2, "fails", "open"],
];

const CASES: readonly [string, readonly Step[]][] = [
  [
    "lets every call pass while they succeed",
    [
      [0, "passes", "closed"],
      [0, "passes", "closed"],
    ],
  ],
  ["opens at the third failure in a row", OPENED],
  [
    "counts failures from the last success",
    [
      [0, "fails", "closed"],
      [1, "fails", "closed"],
      [2, "succeeds", "closed"],
      [3, "fails", "closed"],
      [4, "fails", "closed"],
      [5, "passes", "closed"],
    ],
  ],
  ["makes no call for a pause", [...OPENED, [3, "is held", "open"], [1_001, "is held", "open"]]],
  [
    "lets one call probe after the pause, and closes when it succeeds",
    [
      ...OPENED,
      [1_002, "probes", "half-open"],
      [1_002, "is held", "half-open"],
      [1_300, "succeeds", "closed"],
      [1_300, "passes", "closed"],
    ],
  ],
  [
    "starts over with failures and pauses after it has closed",
    [
      ...OPENED,
      [1_002, "probes", "half-open"],
      [1_002, "fails", "open"],
      [3_002, "probes", "half-open"],
      [3_002, "succeeds", "closed"],
      [4_000, "fails", "closed"],
      [4_000, "fails", "closed"],
      [4_000, "fails", "open"],
      [4_999, "is held", "open"],
      [5_000, "probes", "half-open"],
    ],
  ],
  [
    "doubles the pause after each probe that fails, up to the longest",
    [
      ...OPENED,
      [1_002, "probes", "half-open"],
      [1_300, "fails", "open"],
      [3_299, "is held", "open"],
      [3_300, "probes", "half-open"],
      [3_600, "fails", "open"],
      [7_599, "is held", "open"],
      [7_600, "probes", "half-open"],
      [7_900, "fails", "open"],
      [12_899, "is held", "open"],
      [12_900, "probes", "half-open"],
      [13_200, "fails", "open"],
      [18_200, "probes", "half-open"],
    ],
  ],
  [
    "does not wait longer for a probe that is never heard of again",
    [
      ...OPENED,
      [1_002, "probes", "half-open"],
      [2_001, "is held", "half-open"],
      [2_002, "probes", "half-open"],
    ],
  ],
  [
    "takes no notice of calls that were under way when it opened",
    [
      ...OPENED,
      [300, "fails", "open"],
      [301, "succeeds", "open"],
      [1_001, "is held", "open"],
      [1_002, "probes", "half-open"],
    ],
  ],
];

describe("createCircuitBreaker()", () => {
  it.each(CASES)("%s", (_, steps) => {
    const breaker = createCircuitBreaker({
      maxFailures: 3,
      firstPauseMs: 1_000,
      longestPauseMs: 5_000,
    });
    expect(breaker.state).toBe("closed");
    for (const [nowMs, what, state] of steps) {
      if (what === "fails") breaker.failed(nowMs);
      else if (what === "succeeds") breaker.succeeded();
      else expect(breaker.admits(nowMs), `${what} at ${nowMs}`).toBe(what !== "is held");
      expect(breaker.state, `after ${what} at ${nowMs}`).toBe(state);
    }
  });
});
