import { describe, expect, it } from "vitest";
import { locationHintOf } from "../../edge/http/request-origin.ts";

describe("locationHintOf()", () => {
  it.each([
    [{ continent: "NA", longitude: "-122.4" }, "wnam"],
    [{ continent: "NA", longitude: "-74.0" }, "enam"],
    [{ continent: "NA" }, "enam"],
    [{ continent: "SA" }, "sam"],
    [{ continent: "EU" }, "weur"],
    [{ continent: "AS" }, "apac"],
    [{ continent: "OC" }, "oc"],
    [{ continent: "AF" }, "afr"],
    [{}, "weur"],
  ])("places the publishers for %j in %s", (origin, hint) => {
    expect(locationHintOf(origin)).toBe(hint);
  });
});
