import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StoredLetter } from "../../../../cli/dead/filter.ts";
import { readNewestFirst } from "../../../../cli/dead/letters.ts";

describe("readNewestFirst()", () => {
  test("gives every letter once, newest first, wherever there are gaps", async () => {
    const sets = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 300 });
    const limits = fc.record({
      letters: fc.integer({ min: 1, max: 50 }),
      bytes: fc.integer({ min: 1, max: 5_000 }),
    });
    await fc.assert(
      fc.asyncProperty(sets, limits, async (positions, limit) => {
        const stream = createStream(positions);
        const found: number[] = [];
        for await (const { position } of readNewestFirst(stream.read, 1, 300, limit)) {
          found.push(position);
        }
        expect(found).toEqual(positions.toSorted((a, b) => b - a));
      }),
    );
  });

  test("reads no more than it has to for the newest", async () => {
    const stream = createStream(Array.from({ length: 100_000 }, (_, index) => index + 1));
    const limits = { letters: 100, bytes: 1_000_000 };
    const { value } = await readNewestFirst(stream.read, 1, 100_000, limits).next();
    expect(value?.position).toBe(100_000);
    expect(stream.reads).toBe(100);
  });

  test("spans more where letters are sparse", async () => {
    const stream = createStream([1, 1_000_000]);
    const found: number[] = [];
    const limits = { letters: 100, bytes: 1_000_000 };
    for await (const { position } of readNewestFirst(stream.read, 1, 1_000_000, limits)) {
      found.push(position);
    }
    expect(found).toEqual([1_000_000, 1]);
    expect(stream.ranges).toBeLessThan(12);
  });
});

function createStream(positions: readonly number[]) {
  const sorted = positions.toSorted((a, b) => a - b);
  const stream = {
    reads: 0,
    ranges: 0,
    async *read(from: number, to: number): AsyncGenerator<StoredLetter> {
      stream.ranges += 1;
      for (const position of sorted) {
        if (position < from || position > to) continue;
        stream.reads += 1;
        yield { position, subject: "dead.shop.x", letter: LETTER };
      }
    },
  };
  return stream;
}

const LETTER = { reason: "x", stream_sequence: 1, subject: "events.shop", failed_at: "" };
