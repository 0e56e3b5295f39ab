import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FILTER_OPS,
  filtersSchema,
  readFilterText,
  readNumber,
  splitList,
} from "../../../contract/property-filter.ts";

describe("readFilterText()", () => {
  it.each<[string, unknown]>([
    ["properties.plan:eq:pro", { field: "properties.plan", op: "eq", value: "pro" }],
    ["properties.plan:neq:", { field: "properties.plan", op: "neq", value: "" }],
    ["properties.a.b:eq:c:d", { field: "properties.a.b", op: "eq", value: "c:d" }],
    ["properties.a:b:eq:c", { field: "properties.a:b", op: "eq", value: "c" }],
    ["properties.:eq:x", { field: "properties.", op: "eq", value: "x" }],
    ["properties.n:gt:5", { field: "properties.n", op: "gt", value: "5" }],
    [
      "properties.p:in:a,b\\,c,\\\\",
      { field: "properties.p", op: "in", value: ["a", "b,c", "\\"] },
    ],
    ["properties.p:exists", { field: "properties.p", op: "exists", value: true }],
    ["properties.p:exists:false", { field: "properties.p", op: "exists", value: false }],
    ["properties.p:exists:maybe", { field: "properties.p", op: "exists", value: "maybe" }],
    ["properties.p:eq:line\nbreak", { field: "properties.p", op: "eq", value: "line\nbreak" }],
    ["properties.p", undefined],
    ["properties.p:eq", undefined],
    ["properties.p:like:x", undefined],
    ["", undefined],
  ])("%j", (text, expected) => {
    expect(readFilterText(text)).toEqual(expected);
  });
});

describe("splitList()", () => {
  it("takes back what was escaped", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (values) => {
        const escaped = values.map((value) => value.replace(/[\\,]/g, "\\$&"));
        expect(splitList(escaped.join(","))).toEqual(values);
      }),
    );
  });
});

describe("readNumber()", () => {
  it.each([
    ["5", 5],
    ["-0", -0],
    ["5.50", 5.5],
    ["1E-7", 1e-7],
    ["05", undefined],
    ["+5", undefined],
    [" 5", undefined],
    ["5.", undefined],
    ["Infinity", undefined],
    ["0x10", undefined],
    ["9007199254740993", undefined],
    ["1e400", undefined],
  ])("%j", (text, expected) => {
    expect(readNumber(text)).toBe(expected);
  });
});

describe("filtersSchema", () => {
  const faultOf = (filter: unknown) => {
    const result = filtersSchema.safeParse([filter]);
    return result.error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  };

  it("makes texts of numbers and booleans, as a URL would have them", () => {
    const parse = (value: unknown) =>
      filtersSchema.parse([{ field: "properties.p", op: "eq", value }])[0]?.value;
    expect(parse(5.5)).toBe("5.5");
    expect(parse(true)).toBe("true");
  });

  it("is the same when parsed again", () => {
    const filters = filtersSchema.parse([
      { field: "properties.p", op: "in", value: [1, "a", false] },
      { field: "properties.p", op: "gt", value: "5.0" },
      { field: "properties.p", op: "exists" },
    ]);
    expect(filtersSchema.parse(filters)).toEqual(filters);
  });

  it.each<[string, unknown, string]>([
    [
      "no field of properties",
      { field: "user_id", op: "eq", value: "x" },
      "0.field must be properties. and a key",
    ],
    [
      "no operator",
      { field: "properties.p", op: "like", value: "x" },
      `0.op must be one of ${FILTER_OPS.join(", ")}`,
    ],
    ["no number", { field: "properties.p", op: "gt", value: "five" }, "0.value must be a number"],
    ["an empty list", { field: "properties.p", op: "in", value: [] }, "0.value is empty"],
    [
      "too many values",
      { field: "properties.p", op: "in", value: Array(101).fill("x") },
      "0.value holds more than 100 values",
    ],
    [
      "nothing to look for",
      { field: "properties.p", op: "contains", value: "" },
      "0.value is empty",
    ],
    [
      "neither true nor false",
      { field: "properties.p", op: "exists", value: "maybe" },
      "0.value must be true or false",
    ],
    [
      "a NUL in the key",
      { field: "properties.a\0b", op: "exists" },
      "0.field holds a NUL or a lone surrogate",
    ],
    [
      "a NUL in the value",
      { field: "properties.p", op: "eq", value: "\0" },
      "0.value holds a NUL or a lone surrogate",
    ],
    [
      "a key of 10 KB",
      { field: `properties.${"k".repeat(10_000)}`, op: "exists" },
      "0.field is longer than 1000 characters",
    ],
  ])("refuses %s", (_, filter, fault) => {
    expect(faultOf(filter)).toContain(fault);
  });

  it("refuses more than ten", () => {
    const filter = { field: "properties.p", op: "exists" };
    const result = filtersSchema.safeParse(Array(11).fill(filter));
    expect(result.error?.issues[0]?.message).toBe("are more than 10");
  });
});
