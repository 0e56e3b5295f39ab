import { describe, expect, test } from "vitest";
import { formatLogLine, isAtLeast, parseLogLine } from "../../../local/log-line.ts";

const TIME = "2026-06-01T12:03:04.567Z";

describe("parseLogLine()", () => {
  test("reads what edge and worker write", () => {
    const line = { level: "warn", time: TIME, rows: 3, msg: "write failed, retrying" };
    expect(parseLogLine(JSON.stringify(line))).toEqual({
      time: TIME,
      level: "warn",
      msg: "write failed, retrying",
      fields: { rows: 3 },
    });
  });

  test.each([
    "[1] 2026/06/01 12:03:04 [INF] Server is ready",
    '{"level":30,"msg":"a level that is a number"}',
    '{"level":"warn"}',
    '{"level":"warn","msg":"cut o',
    "",
  ])("takes no other line: %s", (text) => {
    expect(parseLogLine(text)).toBeUndefined();
  });
});

describe("formatLogLine()", () => {
  test("is one line, whatever is in it", () => {
    const fields = {
      request_id: "r1",
      reason: "two words",
      err: {
        type: "TypeError",
        message: "first\nsecond\u001b[2J",
        stack: "TypeError: first\n  at",
      },
    };
    expect(
      formatLogLine("edge", { time: TIME, level: "error", msg: "request crashed", fields }),
    ).toBe(
      '12:03:04.567 edge error request crashed  request_id=r1 reason="two words"  TypeError: first second [2J',
    );
  });

  test("tells causes", () => {
    const err = {
      type: "Error",
      message: "outer",
      cause: { type: "RangeError", message: "inner" },
    };
    const line = { time: TIME, level: "warn", msg: "failed", fields: { err } } as const;
    expect(formatLogLine("worker", line)).toBe(
      "12:03:04.567 worker warn  failed  Error: outer (RangeError: inner)",
    );
  });
});

test("isAtLeast() knows the order of levels", () => {
  expect(isAtLeast("fatal", "warn")).toBe(true);
  expect(isAtLeast("warn", "warn")).toBe(true);
  expect(isAtLeast("info", "warn")).toBe(false);
});
