import { describe, expect, test } from "vitest";
import {
  parseDelimiter,
  parseMap,
  parseProperties,
  parseSeconds,
  parseTypes,
} from "../../../../cli/import/options.ts";

describe("options of sluice import", () => {
  test("are read", () => {
    expect(parseMap("event_id=id, user_id=User Name")).toEqual({
      event_id: "id",
      user_id: "User Name",
    });
    expect(parseTypes("a=number,b=json")).toEqual({ a: "number", b: "json" });
    expect(parseProperties("a, b")).toEqual(["a", "b"]);
    expect(parseProperties("*")).toBe("*");
    expect(parseProperties("")).toEqual([]);
    expect(parseDelimiter("tab")).toBe("\t");
    expect(parseDelimiter(";")).toBe(";");
    expect(parseSeconds("60")).toBe(60);
  });

  test.each([
    [() => parseMap("id"), '"id" is not field=column'],
    [() => parseMap("id=x"), '"id" is not a field of an event'],
    [() => parseTypes("a=int"), '"int" is not a type'],
    [() => parseDelimiter('"'), "one character"],
    [() => parseSeconds("1.5"), "a whole number from 1 to 86400"],
    [() => parseSeconds("0"), "a whole number from 1 to 86400"],
  ])("are refused: %s", (parse, message) => {
    expect(parse).toThrow(message);
  });
});
