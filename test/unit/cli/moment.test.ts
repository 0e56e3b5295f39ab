import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { formatMoment, parseMoment } from "../../../cli/moment.ts";

const NOW = Date.parse("2026-03-15T12:00:00Z");

describe("parseMoment()", () => {
  test.each([
    ["0s", "2026-03-15T12:00:00.000Z"],
    ["90s", "2026-03-15T11:58:30.000Z"],
    ["15m", "2026-03-15T11:45:00.000Z"],
    ["2h", "2026-03-15T10:00:00.000Z"],
    ["3d", "2026-03-12T12:00:00.000Z"],
    ["2w", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01", "2026-03-01T00:00:00.000Z"],
    ["2026-03-15T13:30:00+02:00", "2026-03-15T11:30:00.000Z"],
    ["2026-03-15T11:59:59.5Z", "2026-03-15T11:59:59.500Z"],
  ])("reads %s", (text, expected) => {
    expect(new Date(parseMoment(text, NOW)).toISOString()).toBe(expected);
  });

  test.each([
    ["", "is neither a time ago such as 90s, 15m, 2h, 3d, 2w nor RFC 3339"],
    ["2", "is neither"],
    ["2 h", "is neither"],
    ["-2h", "is neither"],
    ["1.5h", "is neither"],
    ["2H", "is neither"],
    ["2026-03-01T10:00:00", "is neither"],
    ["2026-02-30", "is neither"],
    ["all", "is neither"],
    ["2026-03-15T12:00:01Z", '"2026-03-15T12:00:01Z" lies in the future'],
  ])("refuses %j", (text, message) => {
    expect(() => parseMoment(text, NOW)).toThrow(InvalidArgumentError);
    expect(() => parseMoment(text, NOW)).toThrow(message);
  });
});

describe("formatMoment()", () => {
  test("gives what parseMoment() reads", () => {
    expect(formatMoment(NOW)).toBe("2026-03-15T12:00:00Z");
    expect(parseMoment(formatMoment(NOW), NOW)).toBe(NOW);
  });
});
