import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { forEachAtOnce } from "../../../../cli/dead/replay-letters.ts";

describe("forEachAtOnce()", () => {
  const never = new AbortController().signal;

  test("acts on each item once, on several at a time", async () => {
    const items = Array.from({ length: 100 }, (_, index) => index);
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await forEachAtOnce(items, never, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
      done.push(item);
    });
    expect(done.toSorted((a, b) => a - b)).toEqual(items);
    expect(most).toBe(16);
  });

  test("begins nothing after a stop", async () => {
    const stop = new AbortController();
    const begun: number[] = [];
    await forEachAtOnce(numbers(), stop.signal, async (item) => {
      begun.push(item);
      await turn();
      if (item === 20) stop.abort();
    });
    expect(begun.length).toBeGreaterThanOrEqual(20);
    expect(begun.length).toBeLessThan(20 + 2 * 16);
  });

  test("begins nothing after a failure, awaits what is at work, and closes the source", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    let isClosed = false;
    async function* source() {
      try {
        yield* numbers();
      } finally {
        isClosed = true;
      }
    }
    const failing = forEachAtOnce(source(), never, async (item) => {
      begun.push(item);
      if (item === 2) throw new Error("the stream is full");
      await turn();
      ended.push(item);
    });
    await expect(failing).rejects.toThrow("the stream is full");
    expect(ended).toEqual(begun.filter((item) => item !== 2));
    expect(begun.length).toBeLessThan(2 * 16);
    expect(isClosed).toBe(true);
  });
});

function* numbers(): Generator<number> {
  for (let item = 1; ; item += 1) yield item;
}
