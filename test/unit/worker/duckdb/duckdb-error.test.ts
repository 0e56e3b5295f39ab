import { describe, expect, it } from "vitest";
import { isFatal, kindOfDuckDbError } from "../../../../worker/duckdb/duckdb-error.ts";

describe("kindOfDuckDbError()", () => {
  it.each([
    ["Conversion Error: Could not convert string 'x' to INT128", "data"],
    ['Constraint Error: NOT NULL constraint failed: "events.user_id"', "data"],
    ['IO Error: Could not write file "events.duckdb": No space left on device', "retryable"],
    ['IO Error: Could not set lock on file "events.duckdb"', "retryable"],
    ["Out of Memory Error: could not allocate block", "retryable"],
    ["FATAL Error: Failed: database has been invalidated", "retryable"],
    ["INTERRUPT Error: Interrupted!", "retryable"],
    ["Catalog Error: Table with name events does not exist!", "unexpected"],
    ["Cannot use database: it is not open", "unexpected"],
  ])("judges %s", (message, kind) => {
    expect(kindOfDuckDbError(new Error(message))).toBe(kind);
  });
});

describe("isFatal()", () => {
  it.each([
    ["FATAL Error: Failed: database has been invalidated because of a previous fatal error", true],
    ["IO Error: FATAL Error", false],
  ])("of %s is %s", (message, expected) => {
    expect(isFatal(new Error(message))).toBe(expected);
    expect(isFatal(message)).toBe(false);
  });
});
