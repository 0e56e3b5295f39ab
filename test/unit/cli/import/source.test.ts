import { describe, expect, test } from "vitest";
import { detectFormat } from "../../../../cli/import/source.ts";

describe("detectFormat()", () => {
  test.each([
    ["a.csv", "x", "csv"],
    ["a.CSV.gz", "x", "csv"],
    ["a.tsv", "[x]", "csv"],
    ["a.jsonl", "x", "ndjson"],
    ["a.ndjson.gz", "{", "ndjson"],
    ["-", '\uFEFF \n{"', "ndjson"],
    ["-", "event_id,", "csv"],
    ["-", "", "ndjson"],
    ["a.log", "{", "ndjson"],
    ["a.Parquet", "x", "parquet"],
    ["a.data", "PAR1\u0015", "parquet"],
  ])("%s beginning with %j is %s", (file, start, expected) => {
    expect(detectFormat(file, Buffer.from(start), file)).toBe(expected);
  });

  test("explains a JSON array", () => {
    expect(() => detectFormat("a.json", Buffer.from(" [{}]"), "a.json")).toThrow(
      "jq -c '.[]' a.json | sluice import -",
    );
  });
});
