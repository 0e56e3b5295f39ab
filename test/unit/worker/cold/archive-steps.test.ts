import { describe, expect, it } from "vitest";
import { halveStep, nextFloorMs, targetFloorMs } from "../../../../worker/cold/archive-steps.ts";

const at = (text: string) => Date.parse(`${text}Z`);

describe("targetFloorMs()", () => {
  it("is the midnight after the last whole day older than the hot window", () => {
    expect(targetFloorMs(at("2024-03-31T13:00"), 30 * 86_400_000)).toBe(at("2024-03-01T00:00"));
    expect(targetFloorMs(at("2024-03-31T00:00"), 30 * 86_400_000)).toBe(at("2024-03-01T00:00"));
  });
});

describe("nextFloorMs()", () => {
  const targetMs = at("2024-04-10T00:00");
  const next = (months: string[], floor?: string) =>
    nextFloorMs(months, { floorMs: floor === undefined ? undefined : at(floor), targetMs });

  it.each([
    [
      "goes to the end of the oldest month with events",
      ["2024-02", "2024-01"],
      undefined,
      "2024-02-01T00:00",
    ],
    [
      "goes on from a floor inside a month",
      ["2024-01", "2024-02"],
      "2024-01-15T00:00",
      "2024-02-01T00:00",
    ],
    [
      "passes by months that are done",
      ["2024-01", "2024-03"],
      "2024-02-01T00:00",
      "2024-04-01T00:00",
    ],
    ["stops at the target", ["2024-04"], "2024-04-01T00:00", "2024-04-10T00:00"],
    ["moves over empty time once there is a floor", [], "2024-02-01T00:00", "2024-04-10T00:00"],
  ])("%s", (_, months, floor, expected) => {
    expect(next(months, floor)).toBe(at(expected));
  });

  it("sets no floor where there is nothing to archive", () => {
    expect(next([])).toBeUndefined();
  });

  it("never moves back", () => {
    expect(next(["2024-01"], "2024-04-10T00:00")).toBeUndefined();
    expect(next(["2024-01"], "2024-05-01T00:00")).toBeUndefined();
  });
});

describe("halveStep()", () => {
  it("halves whole days, down to one", () => {
    expect(halveStep(at("2024-01-01T00:00"), at("2024-02-01T00:00"))).toBe(at("2024-01-16T00:00"));
    expect(halveStep(at("2024-01-01T00:00"), at("2024-01-03T00:00"))).toBe(at("2024-01-02T00:00"));
    expect(halveStep(at("2024-01-01T00:00"), at("2024-01-02T00:00"))).toBe(at("2024-01-02T00:00"));
  });
});
