import { describe, expect, it } from "vitest";
import { parseRevocations, revocationField } from "../../../contract/revocation.ts";

const AT = "2026-06-01T12:00:00.000Z";

describe("parseRevocations()", () => {
  it.each([
    ["a list", ["demo:k1", AT, "shop-2:0a", AT]],
    ["an object", { "demo:k1": AT, "shop-2:0a": AT }],
  ])("reads %s", (_, answer) => {
    expect([...parseRevocations(answer)]).toEqual([
      ["demo:k1", AT],
      ["shop-2:0a", AT],
    ]);
  });

  it.each([
    ["an empty list", []],
    ["an empty object", {}],
  ])("reads %s", (_, answer) => {
    expect(parseRevocations(answer).size).toBe(0);
  });

  it.each([
    "",
    "demo",
    "demo:",
    ":k1",
    "demo:k1:w",
    "DEMO:k1",
    "demo:k_1",
    `demo:${"k".repeat(21)}`,
  ])("passes over the field %j, and reads the others", (field) => {
    expect([...parseRevocations([field, AT, "demo:k2", AT]).keys()]).toEqual(["demo:k2"]);
  });

  it("takes an entry of which the value is no instant", () => {
    expect(parseRevocations(["demo:k1", "1"]).get("demo:k1")).toBe("1");
  });

  it("takes no field of an object's prototype", () => {
    const answer: unknown = JSON.parse('{"__proto__":"x","constructor":"x","demo:k1":"x"}');
    expect([...parseRevocations(answer).keys()]).toEqual(["demo:k1"]);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "demo:k1"],
    ["a number", 0],
    ["a list with a field too many", ["demo:k1"]],
    ["a list of lists", [["demo:k1", AT]]],
    ["a list with a number", ["demo:k1", 1]],
    ["an object with a number", { "demo:k1": 1 }],
    ["an object with null", { "demo:k1": null }],
  ])("refuses %s", (_, answer) => {
    expect(() => parseRevocations(answer)).toThrow("Cannot read revocations: ");
  });
});

describe("revocationField()", () => {
  it("names project and kid, in the form that is read back", () => {
    const field = revocationField({ projectId: "demo", kid: "k1" });
    expect(field).toBe("demo:k1");
    expect([...parseRevocations([field, AT]).keys()]).toEqual([field]);
  });
});
