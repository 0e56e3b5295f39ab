import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { parseExpiry, parseLabel } from "../../../../cli/keys/options.ts";

const NOW_MS = Date.parse("2026-03-01T12:00:00.500Z");

describe("parseExpiry()", () => {
  test.each([
    ["90d", "2026-05-30T12:00:00Z"],
    ["12h", "2026-03-02T00:00:00Z"],
    ["1s", "2026-03-01T12:00:01Z"],
    ["2027-01-31", "2027-01-31T00:00:00Z"],
    ["2027-01-31T09:30:00.999+02:00", "2027-01-31T07:30:00Z"],
    ["5138-11-16T09:46:39Z", "5138-11-16T09:46:39Z"],
  ])("reads %s as whole seconds", (text, instant) => {
    expect(parseExpiry(text, NOW_MS)).toBe(Date.parse(instant) / 1_000);
  });

  test.each([
    ["", '"" is neither a time ahead such as 12h, 90d, 52w nor a date'],
    ["90", '"90" is neither a time ahead'],
    ["-1d", '"-1d" is neither a time ahead'],
    ["2027-02-30", '"2027-02-30" is neither a time ahead'],
    ["2027-01-31T09:30:00", '"2027-01-31T09:30:00" is neither a time ahead'],
    ["0d", '"0d" lies in the past.'],
    ["2026-03-01", '"2026-03-01" lies in the past.'],
    ["2026-03-01T12:00:00.9Z", '"2026-03-01T12:00:00.9Z" lies in the past.'],
    ["5138-11-16T09:46:40Z", '"5138-11-16T09:46:40Z" lies too far ahead'],
    ["999999999w", '"999999999w" lies too far ahead'],
  ])("refuses %j", (text, message) => {
    expect(() => parseExpiry(text, NOW_MS)).toThrow(InvalidArgumentError);
    expect(() => parseExpiry(text, NOW_MS)).toThrow(message);
  });
});

describe("parseLabel()", () => {
  test.each(["checkout", "Zoë's laptop 🧪", "🧪".repeat(100), "a  b"])("takes %s", (text) => {
    expect(parseLabel(text)).toBe(text);
  });

  test.each([
    ["", "It is empty."],
    [" ", "It is empty."],
    ["x".repeat(101), "It is longer than 100 characters."],
    ["a\nb", "It holds a control character."],
    ["a\u0000", "It holds a control character."],
    ["a\u202eb", "It holds a control character."],
    ["a\u2028b", "It holds a control character."],
    ["a\ud800", "It holds a control character."],
  ])("refuses %j", (text, message) => {
    expect(() => parseLabel(text)).toThrow(InvalidArgumentError);
    expect(() => parseLabel(text)).toThrow(message);
  });
});
