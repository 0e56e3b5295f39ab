import { describe, expect, test } from "vitest";
import { count, formatTable, shorten, toPrintable } from "../../../cli/table.ts";

describe("formatTable()", () => {
  const rows = [
    ["9", "shop", "short"],
    ["1234", "b", "a reason that is long"],
  ];

  test("aligns text to the left and numbers to the right", () => {
    expect(formatTable(["NO", "PROJECT", "REASON"], rows)).toBe(
      "  NO  PROJECT  REASON\n   9  shop     short\n1234  b        a reason that is long\n",
    );
  });

  test("cuts each line to the terminal", () => {
    const lines = formatTable(["NO", "PROJECT", "REASON"], rows, 24).trimEnd().split("\n");
    expect(lines).toEqual([
      "  NO  PROJECT  REASON",
      "   9  shop     short",
      "1234  b        a reason…",
    ]);
  });
});

describe("toPrintable()", () => {
  test.each([
    ["plain ä 🧪 漢", "plain ä 🧪 漢"],
    ["two\nlines\tand", "two\\nlines\\tand"],
    ["\u001b[2Jgone\u0007", "\\u001b[2Jgone\\u0007"],
    ["\u009b31m", "\\u009b31m"],
    ["a\u202eb\u2028c", "a\\u202eb\\u2028c"],
  ])("makes %j one harmless line", (text, expected) => {
    expect(toPrintable(text)).toBe(expected);
  });
});

test.each([
  ["🧪🧪🧪", 3, "🧪🧪🧪"],
  ["🧪🧪🧪", 2, "🧪…"],
  ["", 0, ""],
])("shorten() cuts %j to %i characters", (text, width, expected) => {
  expect(shorten(text, width)).toBe(expected);
});

test.each([
  [0, "0 letters"],
  [1, "1 letter"],
  [1_234_567, "1,234,567 letters"],
])("count() tells %i", (number, expected) => {
  expect(count(number, "letter")).toBe(expected);
});
