import { describe, expect, it } from "vitest";
import { duckDbDialect } from "../../../../sql/duckdb/dialect.ts";
import { createBinder } from "../../../../sql/statement.ts";

describe("duckDbDialect.parameter()", () => {
  it.each([
    ["plan", "/plan"],
    ["", "/"],
    ["a/b", "/a~1b"],
    ["~1", "/~01"],
    ["$.plan", "/$.plan"],
  ])("makes a JSON pointer of the key %j", (key, pointer) => {
    expect(duckDbDialect.parameter(key, "key").encoded).toBe(pointer);
  });
});

describe("duckDbDialect.equals()", () => {
  it.each([
    ["pro", ["/plan", "pro"]],
    ["5", ["/plan", "5"]],
    ["5.0", ["/plan", "5.0", 5]],
    ["1E-7", ["/plan", "1E-7", 1e-7]],
  ])(
    "compares with %j as text, and as a number where it is written otherwise",
    (value, expected) => {
      const { bind, params } = createBinder(duckDbDialect);
      duckDbDialect.equals("plan", value, bind);
      expect(params).toEqual(expected);
    },
  );

  it("looks at the type only where the text may be that of an object or array", () => {
    const textFor = (value: string) =>
      duckDbDialect.equals("plan", value, createBinder(duckDbDialect).bind);
    expect(textFor("pro")).not.toContain("json_type");
    expect(textFor("[1]")).toContain("json_type");
    expect(textFor("{}")).toContain("json_type");
  });
});
