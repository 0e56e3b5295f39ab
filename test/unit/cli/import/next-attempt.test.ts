import { describe, expect, test } from "vitest";
import { nextAttempt } from "../../../../cli/import/next-attempt.ts";

const attempts = { failures: 1, retryAfterMs: undefined, idleMs: 0, maxIdleMs: 300_000 };

describe("nextAttempt()", () => {
  test.each([
    ["half of the first delay at least", {}, 0, 250],
    ["the first delay at most", {}, 1, 500],
    ["twice as long each time", { failures: 4 }, 1, 4_000],
    ["30 s at most", { failures: 400 }, 1, 30_000],
    ["what the server asks", { retryAfterMs: 7_000, failures: 9 }, 0, 7_000],
    ["a little longer than it asks", { retryAfterMs: 7_000 }, 0.5, 7_250],
    ["no longer than is left", { failures: 9, idleMs: 299_000 }, 1, 1_000],
    ["no longer than is left, jitter included", { retryAfterMs: 1_000, idleMs: 299_000 }, 1, 1_000],
  ])("waits %s", (_, given, random, delayMs) => {
    expect(nextAttempt({ ...attempts, ...given }, random)).toEqual({ kind: "wait", delayMs });
  });

  test.each([
    [
      "nothing moved for too long",
      { idleMs: 300_000 },
      "no progress for 300 s (--max-retry-seconds)",
    ],
    [
      "the server asks for more than is left",
      { retryAfterMs: 301_000 },
      "it asks to wait 301 s, longer than 300 s",
    ],
  ])("gives up when %s", (_, given, reason) => {
    expect(nextAttempt({ ...attempts, ...given }, 0)).toEqual({
      kind: "give-up",
      reason: expect.stringContaining(reason),
    });
  });
});
