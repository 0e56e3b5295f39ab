import { describe, expect, it } from "vitest";
import { durationMs, durationSchema } from "../../../contract/duration.ts";

describe("durationMs()", () => {
  it.each([
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["12h", 43_200_000],
    ["7d", 604_800_000],
    ["2w", 1_209_600_000],
    ["7", undefined],
    ["d", undefined],
    ["1.5h", undefined],
    ["-1d", undefined],
    ["7 d", undefined],
  ])("%s", (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });
});

describe("durationSchema", () => {
  it.each([
    ["7 days", "must be a whole number and s, m, h, d or w, such as 30m or 7d"],
    ["0s", "must be longer than nothing"],
    ["367d", "must be at most 366d"],
  ])("refuses %s", (text, message) => {
    expect(durationSchema.safeParse(text).error?.issues[0]?.message).toBe(message);
  });
});
