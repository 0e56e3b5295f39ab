import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasRepeatedKey } from "../../../../edge/http/json-keys.ts";

function check(json: string): boolean {
  return hasRepeatedKey(json, JSON.parse(json));
}

describe("hasRepeatedKey()", () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1,"a":1}}]',
    '{"a" :1, "a"\n:\t2}',
    '{"__proto__":1,"__proto__":2}',
    '{"a\\"":1,"a\\"":2}',
    '{"\\\\":1,"\\\\":2}',
  ])("finds %s", (json) => {
    expect(check(json)).toBe(true);
  });

  it.each([
    "5",
    '"a"',
    "{}",
    '{"a":":","b":"{\\"a\\":1,\\"a\\":2}"}',
    '[{"a":1},{"a":2}]',
    '{"a\\\\":"x","b":"\\\\\\":"}',
    '{"":1," ":2}',
    '{"__proto__":{"a":1},"a":1}',
  ])("passes %s", (json) => {
    expect(check(json)).toBe(false);
  });

  it("passes everything that JSON.stringify writes, indented or not", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
        expect(check(JSON.stringify(value, null, indent))).toBe(false);
      }),
    );
  });

  it("finds a key that is repeated anywhere", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.jsonValue(), (value, key, other) => {
        const member = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
        expect(check(`[${JSON.stringify(other)},{${member},${member}}]`)).toBe(true);
      }),
    );
  });

  it("takes JSON nested 100,000 deep", () => {
    expect(check(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)).toBe(false);
  });
});
