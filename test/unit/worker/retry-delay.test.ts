import { expect, test } from "vitest";
import { retryDelayMs } from "../../../worker/retry-delay.ts";

test.each([
  [0, 0, 50],
  [0, 1, 100],
  [3, 0.5, 600],
  [50, 1, 5_000],
])("retryDelayMs(%i, %d) is %i", (attempt, random, expected) => {
  expect(retryDelayMs(attempt, random)).toBe(expected);
});
