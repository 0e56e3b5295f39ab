import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCopyText, escapeText } from "../../../../worker/timescale/copy-text.ts";
import { createRow } from "../rows.ts";

const nasty = fc.string({
  unit: fc.constantFrom(
    "\t",
    "\n",
    "\r",
    "\\",
    "N",
    ".",
    '"',
    "'",
    ",",
    "{",
    "ä",
    "𝄞",
    "\u2028",
    "\b",
  ),
});

describe("escapeText()", () => {
  test.each([
    ["plain", "plain"],
    ["a\tb", "a\\tb"],
    ["a\nb\r", "a\\nb\\r"],
    ["\\N", "\\\\N"],
    ["\\.", "\\\\."],
    ["", ""],
  ])("%j becomes %j", (text, expected) => {
    expect(escapeText(text)).toBe(expected);
  });
});

describe("encodeCopyText()", () => {
  test("is read back as it was by the rules of COPY", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            eventType: fc.oneof(nasty, fc.string({ unit: "grapheme" })),
            userId: nasty,
            properties: fc.dictionary(nasty, fc.oneof(nasty, fc.integer(), fc.jsonValue())),
          }),
        ),
        (events) => {
          const rows = events.map(({ eventType, userId, properties }) =>
            createRow({ eventType, userId, propertiesJson: JSON.stringify(properties) }),
          );
          const expected = rows.map((row) => [
            row.projectId,
            row.eventId,
            row.occurredAt,
            row.receivedAt,
            row.eventType,
            row.userId,
            row.propertiesJson,
          ]);
          expect(decodeCopyText(encodeCopyText(rows))).toEqual(expected);
        },
      ),
    );
  });
});

/** Text format by PostgreSQL's manual: split at raw newlines and tabs, then undo the escapes. */
function decodeCopyText(text: string): string[][] {
  if (text === "") return [];
  expect(text.endsWith("\n")).toBe(true);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => line.split("\t").map(unescapeField));
}

const UNESCAPED: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r" };

function unescapeField(field: string): string {
  return field.replace(/\\(.)/gsu, (_, character: string) => UNESCAPED[character] ?? character);
}
