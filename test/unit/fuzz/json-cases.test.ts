import { describe, expect, it } from "vitest";
import { expectJson } from "../../fuzz/corpus/expect-json.ts";
import { embed, JSON_CASES } from "../../fuzz/corpus/json-cases.ts";

const HEAD = '{"event_type":"a"}';

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

describe("JSON_CASES", () => {
  it("are many, each under its own name", () => {
    const names = JSON_CASES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(300);
  });

  it("are what their names say, alone and inside an event", () => {
    const wrong = JSON_CASES.filter((one) => {
      if (one.name.startsWith("i_")) return false;
      const isRight = one.name.startsWith("y_");
      return isJson(one.bytes) !== isRight || isJson(embed(one, HEAD)) !== isRight;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

describe("expectJson()", () => {
  it.each([
    ["y", '"text"', "stored"],
    ["y", "9007199254740991", "stored"],
    ["y", "9007199254740992", "refused"],
    ["y", '"\\u0000"', "refused"],
    ["y", '"\\ud800"', "refused"],
    ["y", '{"__proto__":1}', "refused"],
    ["y", `${"[".repeat(31)}${"]".repeat(31)}`, "stored"],
    ["y", `${"[".repeat(32)}${"]".repeat(32)}`, "refused"],
    ["n", "[", "refused"],
    ["i_object_duplicated_key", '{"a":1,"a":1}', "refused"],
  ])("%s %s is %s", (name, text, outcome) => {
    expect(expectJson(name, Buffer.from(text))).toBe(outcome);
  });
});
