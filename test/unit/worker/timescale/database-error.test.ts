import { describe, expect, test } from "vitest";
import { kindOfDatabaseError } from "../../../../worker/timescale/database-error.ts";

describe("kindOfDatabaseError()", () => {
  test.each([
    ["22P02", "data"],
    ["22P05", "data"],
    ["22021", "data"],
    ["22008", "data"],
    ["23502", "data"],
    ["23514", "data"],
    ["54000", "data"],
    ["23505", "retryable"],
    ["40001", "retryable"],
    ["40P01", "retryable"],
    ["08006", "retryable"],
    ["53100", "retryable"],
    ["53300", "retryable"],
    ["57P01", "retryable"],
    ["57P03", "retryable"],
    ["25006", "retryable"],
    ["28P01", "retryable"],
    ["28000", "retryable"],
    ["42501", "retryable"],
    ["ECONNREFUSED", "retryable"],
    ["CONNECTION_CLOSED", "retryable"],
    ["WRITE_TIMEOUT", "retryable"],
    ["42P01", "unexpected"],
    ["XX000", "unexpected"],
    ["ESOMETHING", "unexpected"],
    ["22", "data"],
  ])("%s is %s", (code, kind) => {
    expect(kindOfDatabaseError(Object.assign(new Error("failed"), { code }))).toBe(kind);
  });

  test.each([
    undefined,
    "text",
    new Error("no code"),
    Object.assign(new Error("odd"), { code: 7 }),
  ])("%s is unexpected", (error) => {
    expect(kindOfDatabaseError(error)).toBe("unexpected");
  });
});
