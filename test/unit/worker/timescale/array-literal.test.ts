import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeArrayLiteral } from "../../../../worker/timescale/array-literal.ts";

test.each([
  [[], "{}"],
  [["a"], '{"a"}'],
  [["", "NULL"], '{"","NULL"}'],
  [['say "hi"', "back\\slash", "a,b}"], '{"say \\"hi\\"","back\\\\slash","a,b}"}'],
])("encodeArrayLiteral(%j)", (texts, expected) => {
  expect(encodeArrayLiteral(texts)).toBe(expected);
});

test("encodeArrayLiteral() is read back as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), (texts) => {
      const elements = [...encodeArrayLiteral(texts).matchAll(/"((?:[^"\\]|\\.)*)"[,}]/gsu)];
      expect(elements.map(([, element = ""]) => element.replace(/\\(.)/gsu, "$1"))).toEqual(texts);
    }),
  );
});
