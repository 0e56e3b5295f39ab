import { expect, test } from "vitest";
import { UsageError } from "../../../../cli/cli-error.ts";
import { planOutput } from "../../../../cli/export/format.ts";

test.each([
  ["-", undefined, "ndjson", false],
  ["-", "csv", "csv", false],
  ["-", "parquet", "parquet", false],
  ["a.NDJSON", undefined, "ndjson", false],
  ["a.jsonl.gz", undefined, "ndjson", true],
  ["dir.csv/a", undefined, "ndjson", false],
  ["a.csv.GZ", "csv", "csv", true],
  ["a.gz", undefined, "ndjson", true],
  ["a.gz", "csv", "csv", true],
  ["a.parquet", undefined, "parquet", false],
  ["a.data", "parquet", "parquet", false],
] as const)("planOutput(%j, %j) writes %s", (output, given, format, isGzip) => {
  expect(planOutput(output, given, false)).toEqual({ output, format, isGzip });
});

test("planOutput() keeps Parquet off a terminal", () => {
  expect(() => planOutput("-", "parquet", true)).toThrow(UsageError);
  expect(() => planOutput("-", "parquet", true)).toThrow(
    "Parquet is not text for a terminal: name a file with -o",
  );
});
