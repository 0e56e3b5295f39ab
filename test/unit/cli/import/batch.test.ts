import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BatchCutter,
  extendDigest,
  idempotencyKeyOf,
  MAX_BATCH_BYTES,
  sendableLines,
  toBody,
} from "../../../../cli/import/batch.ts";
import type { Line } from "../../../../cli/import/line.ts";

function lineOf(number: number, bytes = 10): Line {
  return { number, bytes: Buffer.alloc(bytes, "x") };
}

function cutAll(batchSize: number, ...parts: Line[][]) {
  const cutter = new BatchCutter(batchSize);
  return [...parts.flatMap((part) => cutter.push(part)), ...cutter.end()];
}

describe("BatchCutter", () => {
  test("cuts at the number of lines, whichever part they came in", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.array(fc.nat(9)), (batchSize, sizes) => {
        let number = 0;
        const parts = sizes.map((size) => Array.from({ length: size }, () => lineOf(++number)));
        const batches = cutAll(batchSize, ...parts);
        expect(batches).toEqual(cutAll(batchSize, parts.flat()));
        expect(batches.flatMap(({ lines }) => lines)).toEqual(parts.flat());
        expect(batches.slice(0, -1).every(({ lines }) => lines.length === batchSize)).toBe(true);
      }),
    );
  });

  test("cuts before a body grows too large", () => {
    const lines = Array.from({ length: 300 }, (_, index) => lineOf(index + 1, 30_000));
    const batches = cutAll(5000, lines);
    expect(batches.map(({ lines }) => lines.length)).toEqual([139, 139, 22]);
    expect(batches.every(({ lines }) => toBody(lines).length <= MAX_BATCH_BYTES)).toBe(true);
  });
});

describe("idempotencyKeyOf()", () => {
  const lines = [lineOf(1), lineOf(2)];
  const key = (identity: string, from: readonly Line[]) =>
    idempotencyKeyOf(identity, from, toBody(from));

  test("depends on input, place, number and content", () => {
    const others = [
      key("b", lines),
      key("a", [lineOf(2), lineOf(3)]),
      key("a", [lineOf(1)]),
      key("a", [lineOf(1), { number: 2, bytes: Buffer.from("other") }]),
    ];
    expect(new Set([key("a", lines), ...others]).size).toBe(5);
    expect(key("a", lines)).toBe(key("a", [...lines]));
    expect(key("a", lines)).toMatch(/^sluice-import-[0-9a-f]{32}$/);
  });
});

describe("extendDigest()", () => {
  test("covers rejected lines and the batches before", () => {
    const rejection = { code: "invalid_json", pointer: "", detail: "" } as const;
    const one = { number: 1, lines: [lineOf(1), { ...lineOf(2, 3), rejection }] };
    const other = { number: 1, lines: [lineOf(1), { ...lineOf(2, 4), rejection }] };
    expect(sendableLines(one)).toHaveLength(1);
    expect(extendDigest("", one)).not.toBe(extendDigest("", other));
    expect(extendDigest("a", one)).not.toBe(extendDigest("b", one));
  });
});
