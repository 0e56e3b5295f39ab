import { expect, test } from "vitest";
import { CliError } from "../../../../cli/cli-error.ts";
import { ask, valueIn } from "../../../../cli/parts/answer.ts";
import { formatAge } from "../../../../cli/parts/format-age.ts";

test("ask() gives what was answered", async () => {
  const answer = await ask(1_000, async () => 7);
  expect(answer).toEqual({ value: 7, tookMs: expect.any(Number) });
  expect(valueIn(answer)).toBe(7);
});

test("ask() waits no longer than it may, for what hears of it and what does not", async () => {
  const never = await ask(20, () => new Promise(() => {}));
  expect(never).toEqual({ failure: "no answer within 0.02 s" });
  const aborted = await ask(
    20,
    (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  expect(aborted).toEqual({ failure: "no answer within 0.02 s" });
});

test.each([
  [Object.assign(new Error("x"), { code: "ECONNREFUSED" }), "nothing listens there (ECONNREFUSED)"],
  [new CliError("it is Tuesday"), "it is Tuesday"],
  [new Error("odd"), "odd"],
])("ask() says why %s failed", async (error, failure) => {
  expect(await ask(1_000, () => Promise.reject(error))).toEqual({ failure });
  expect(valueIn({ failure })).toBeUndefined();
});

test("ask() says it in the words of whoever asks", async () => {
  const answer = await ask(
    1_000,
    () => Promise.reject(new Error("x")),
    () => "because",
  );
  expect(answer).toEqual({ failure: "because" });
});

test.each([
  [0, "0 ms"],
  [999.4, "999 ms"],
  [1_000, "1.0 s"],
  [61_000, "61 s"],
  [120_000, "2 min"],
  [7_200_000, "2 h"],
  [172_800_000, "2 d"],
])("formatAge() tells %i ms", (ms, expected) => {
  expect(formatAge(ms)).toBe(expected);
});
