import { describe, expect, it } from "vitest";
import { DOOR_NAMES, parseOptions } from "../../fuzz/options.ts";

describe("parseOptions()", () => {
  it("has defaults", () => {
    expect(parseOptions([], 7)).toEqual({
      doors: DOOR_NAMES,
      requests: 100_000,
      seed: 7,
      concurrency: 32,
      jsonPath: undefined,
    });
    expect(parseOptions(["--help"], 7)).toBe("help");
  });

  it("reads all options", () => {
    const args = "--door edge --door cli --requests 1000000 --seed 0 --concurrency 4 --json x";
    expect(parseOptions(args.split(" "), 7)).toEqual({
      doors: ["edge", "cli"],
      requests: 1_000_000,
      seed: 0,
      concurrency: 4,
      jsonPath: "x",
    });
  });

  it.each([
    [
      ["--door", "window"],
      'Cannot run: there is no door "window", only edge, edge-node, worker, stream, cli, cold',
    ],
    [["--requests", "0"], 'Cannot run: --requests is "0", not a whole number up to 100000000'],
    [["--seed", "x"], 'Cannot run: --seed is "x", not a whole number up to 2147483647'],
    [["--loud"], "Cannot run: Unknown option '--loud'"],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(args, 7)).toThrow(message);
  });
});
