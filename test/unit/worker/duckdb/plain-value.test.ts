import { DuckDBDateValue, DuckDBTimestampValue } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import { formatMicros, toPlainValue } from "../../../../worker/duckdb/plain-value.ts";

describe("formatMicros()", () => {
  it.each([
    [0n, "1970-01-01T00:00:00.000000Z"],
    [1n, "1970-01-01T00:00:00.000001Z"],
    [-1n, "1969-12-31T23:59:59.999999Z"],
    [-1_001n, "1969-12-31T23:59:59.998999Z"],
    [1_709_251_199_999_999n, "2024-02-29T23:59:59.999999Z"],
    [-62_135_596_800_000_000n, "0001-01-01T00:00:00.000000Z"],
  ])("of %s is %s", (micros, text) => {
    expect(formatMicros(micros)).toBe(text);
  });
});

describe("toPlainValue()", () => {
  it("keeps what JSON has, and reads whole numbers and times", () => {
    const values = ["a", 1.5, true, null, 12n, new DuckDBTimestampValue(1n)];
    const plain = ["a", 1.5, true, null, 12, "1970-01-01T00:00:00.000001Z"];
    expect(values.map(toPlainValue)).toEqual(plain);
  });

  it("refuses what no statement returns", () => {
    expect(() => toPlainValue(new DuckDBDateValue(0))).toThrow(
      "Cannot read result: DuckDBDateValue has no plain value",
    );
  });
});
