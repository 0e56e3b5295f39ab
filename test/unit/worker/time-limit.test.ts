import { expect, test } from "vitest";
import { settledWithin, untilStopped, withTimeLimit } from "../../../worker/time-limit.ts";

const never = new Promise<never>(() => {});

test("withTimeLimit() answers what the work answers, or that it takes too long", async () => {
  expect(await withTimeLimit(60_000, Promise.resolve(7))).toBe(7);
  await expect(withTimeLimit(60_000, Promise.reject(new Error("failed")))).rejects.toThrow(
    "failed",
  );
  await expect(withTimeLimit(1, never)).rejects.toThrow("no answer in time");
});

test("settledWithin() minds neither a failure nor a work without end", async () => {
  await settledWithin(60_000, Promise.reject(new Error("failed")));
  await settledWithin(1, never);
});

test("untilStopped() answers undefined once stopped", async () => {
  const stop = new AbortController();
  expect(await untilStopped(Promise.resolve(7), stop.signal)).toBe(7);
  const waiting = untilStopped(never, stop.signal);
  stop.abort();
  expect(await waiting).toBeUndefined();
  expect(await untilStopped(never, stop.signal)).toBeUndefined();
});
