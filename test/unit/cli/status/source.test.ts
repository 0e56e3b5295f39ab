import { expect, test } from "vitest";
import type { Answer } from "../../../../cli/parts/answer.ts";
import { createSource } from "../../../../cli/status/source.ts";

function setUp() {
  let nowMs = 0;
  let next: Answer<number> = { value: 0, tookMs: 1 };
  const source = createSource(
    async () => next,
    () => nowMs,
  );
  const look = async (atMs: number, answer: number | string) => {
    nowMs = atMs;
    next = typeof answer === "number" ? { value: answer, tookMs: 1 } : { failure: answer };
    await source.look();
    return source.history().map(({ value }) => value);
  };
  return { source, look };
}

test("createSource() keeps what was said within ten seconds", async () => {
  const { source, look } = setUp();
  expect(source.latest()).toBeUndefined();
  expect(await look(0, 1)).toEqual([1]);
  expect(await look(6_000, 2)).toEqual([1, 2]);
  expect(await look(12_000, 3)).toEqual([2, 3]);
  expect(source.latest()).toEqual({ value: 3, tookMs: 1 });
});

test("createSource() keeps two answers however far apart they are", async () => {
  const { look } = setUp();
  await look(0, 1);
  expect(await look(60_000, 2)).toEqual([1, 2]);
  expect(await look(120_000, 3)).toEqual([2, 3]);
});

test("createSource() tells a failure, and goes on after it", async () => {
  const { source, look } = setUp();
  await look(0, 1);
  expect(await look(1_000, "no answer")).toEqual([1]);
  expect(source.latest()).toEqual({ failure: "no answer" });
  expect(await look(2_000, 2)).toEqual([1, 2]);
});
