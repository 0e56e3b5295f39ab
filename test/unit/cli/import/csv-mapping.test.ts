import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../cli/cli-error.ts";
import { type CsvOptions, createRowMapper } from "../../../../cli/import/csv-mapping.ts";

const plain: CsvOptions = {
  map: {},
  properties: undefined,
  types: {},
  isInferring: false,
  delimiter: ",",
};

function map(header: string, row: string, options: Partial<CsvOptions> = {}) {
  const mapped = createRowMapper(header.split(","), { ...plain, ...options })(row.split(","));
  return "json" in mapped ? JSON.parse(mapped.json) : mapped;
}

describe("createRowMapper()", () => {
  test("takes columns of a field's name, and all others as strings", () => {
    expect(map("event_type,user_id,n,flag,empty", "buy,u1,1,true,")).toEqual({
      event_type: "buy",
      user_id: "u1",
      properties: { n: "1", flag: "true" },
    });
  });

  test("takes the columns it is told", () => {
    const options = {
      map: { event_type: "name", user_id: "user", event_id: "id" },
      properties: ["a", "user"],
    };
    expect(map("id,name,user,a,b", "7,buy,u1,x,y", options)).toEqual({
      event_id: "7",
      event_type: "buy",
      user_id: "u1",
      properties: { a: "x", user: "u1" },
    });
  });

  test.each([
    ["number", "1.5", 1.5],
    ["number", "-1e3", -1000],
    ["boolean", "TRUE", true],
    ["boolean", "0", false],
    ["json", "[1]", [1]],
    ["string", "1", "1"],
  ] as const)("reads a %s: %s", (type, text, expected) => {
    const { properties } = map("event_type,user_id,x", `e,u,${text}`, { types: { x: type } });
    expect(properties.x).toEqual(expected);
  });

  test.each([
    ["number", "1e999"],
    ["number", "007"],
    ["number", " 5"],
    ["number", "NaN"],
    ["boolean", "yes"],
    ["json", "{"],
  ] as const)("rejects what is not a %s: %s", (type, text) => {
    expect(map("event_type,user_id,a/b", `e,u,${text}`, { types: { "a/b": type } })).toEqual({
      code: "invalid_properties",
      pointer: "/properties/a~1b",
      detail: `Column "a/b" is not a ${type}: "${text}"`,
    });
  });

  test.each([
    ["1", 1],
    ["007", "007"],
    ["12345678901234567890", "12345678901234567890"],
    ["true", true],
    ["True", "True"],
    ['{"a":1}', { a: 1 }],
    ["[broken", "[broken"],
    ["null", "null"],
  ])("infers %s only where it loses nothing", (text, expected) => {
    const { properties } = map("event_type,user_id,x", `e,u,${text}`, { isInferring: true });
    expect(properties.x).toEqual(expected);
  });

  test("merges a column of JSON properties with the others", () => {
    expect(map("event_type,user_id,properties,b", 'e,u,{"a":1},2').properties).toEqual({
      a: 1,
      b: "2",
    });
    expect(map("event_type,user_id,properties", "e,u,[1]")).toMatchObject({
      pointer: "/properties",
    });
  });

  test("leaves a column named __proto__ for the server to refuse", () => {
    const mapped = createRowMapper(["event_type", "user_id", "__proto__"], plain)(["e", "u", "x"]);
    expect(mapped).toEqual({
      json: '{"event_type":"e","user_id":"u","properties":{"__proto__":"x"}}',
    });
  });

  test("rejects a row of another length", () => {
    expect(map("event_type,user_id", "e")).toMatchObject({ code: "invalid_event" });
  });

  test.each([
    ["a needed column that is missing", "event_type,a", {}, "No column for user_id"],
    [
      "a mapped column that is missing",
      "event_type,user_id",
      { map: { event_id: "id" } },
      'No column "id", which --map names',
    ],
    ["a property that is missing", "event_type,user_id", { properties: ["a"] }, "--properties"],
    ["a typed column that is missing", "event_type,user_id", { types: { a: "json" } }, "--types"],
    ["a repeated column", "event_type,user_id,a,a", {}, 'two columns are named "a"'],
    ["a column without a name", "event_type,user_id,", {}, "column 3 has no name"],
  ] as const)("refuses a header with %s", (_, header, options, message) => {
    expect(() => map(header, "", options)).toThrow(UsageError);
    expect(() => map(header, "", options)).toThrow(message);
  });
});
