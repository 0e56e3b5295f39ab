import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Watermark } from "../../../../cli/import/watermark.ts";

describe("Watermark", () => {
  test("gives values in order whatever order they finish in, and none over a gap", () => {
    const order = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 });
    fc.assert(
      fc.property(order, fc.nat(20), (numbers, start) => {
        const watermark = new Watermark<{ number: number }>(start);
        const finished = new Set<number>();
        const released: number[] = [];
        for (const number of numbers) {
          finished.add(number);
          released.push(
            ...watermark.finish(start + number, { number }).map((value) => value.number),
          );
          expect(released).toEqual(
            Array.from({ length: released.length }, (_, index) => index + 1),
          );
          expect(finished.has(released.length + 1)).toBe(false);
          expect(watermark.done).toBe(start + released.length);
        }
        expect(released).toHaveLength(8);
      }),
    );
  });
});
