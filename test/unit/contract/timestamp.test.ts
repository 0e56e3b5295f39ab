import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTimestamp } from "../../../contract/timestamp.ts";

describe("parseTimestamp()", () => {
  it.each([
    ["2024-03-05T12:00:00Z", "2024-03-05T12:00:00.000Z"],
    ["2024-03-05t12:00:00z", "2024-03-05T12:00:00.000Z"],
    ["2024-03-05T12:00:00+05:30", "2024-03-05T06:30:00.000Z"],
    ["2024-03-05T00:10:00-23:59", "2024-03-06T00:09:00.000Z"],
    ["2024-03-05T12:00:00.5Z", "2024-03-05T12:00:00.500Z"],
    ["2024-03-05T12:00:00.123456Z", "2024-03-05T12:00:00.123456Z"],
    ["2024-03-05T12:00:00.123456789Z", "2024-03-05T12:00:00.123456Z"],
    ["2024-03-05T12:00:00.1230001Z", "2024-03-05T12:00:00.123Z"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["0050-01-01T00:00:00Z", "0050-01-01T00:00:00.000Z"],
  ])("reads %s", (text, expected) => {
    expect(parseTimestamp(text)?.text).toBe(expected);
  });

  it.each([
    "",
    "2024-03-05",
    "2024-03-05T12:00:00",
    "2024-03-05 12:00:00Z",
    "2024-3-5T12:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2024-04-31T00:00:00Z",
    "2024-03-05T24:00:00Z",
    "2024-03-05T12:60:00Z",
    "2024-03-05T12:00:61Z",
    "2024-03-05T12:00:00+24:00",
    "2024-03-05T12:00:00+0530",
    "2024-03-05T12:00:00.Z",
    "+12024-03-05T12:00:00Z",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00+01:00",
    "1709640000000",
    " 2024-03-05T12:00:00Z",
    "２０２４-03-05T12:00:00Z",
  ])("refuses %j", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it("agrees with Date on every instant it can write", () => {
    const instants = fc.date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, (date) => {
        const timestamp = parseTimestamp(date.toISOString());
        expect(timestamp).toEqual({ text: date.toISOString(), epochMs: date.getTime() });
      }),
    );
  });

  it("gives the same instant for every offset", () => {
    const offsets = fc.integer({ min: -23 * 60, max: 23 * 60 });
    fc.assert(
      fc.property(offsets, (minutes) => {
        const sign = minutes < 0 ? "-" : "+";
        const part = (value: number) => String(Math.floor(value)).padStart(2, "0");
        const offset = `${sign}${part(Math.abs(minutes) / 60)}:${part(Math.abs(minutes) % 60)}`;
        const local = new Date(Date.UTC(2024, 1, 29, 12) + minutes * 60_000).toISOString();
        expect(parseTimestamp(local.replace("Z", offset))?.text).toBe("2024-02-29T12:00:00.000Z");
      }),
    );
  });
});
