import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NdjsonReader } from "../../../../cli/import/ndjson-reader.ts";

function readAll(...chunks: (string | Buffer)[]) {
  const reader = new NdjsonReader();
  const lines = chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)));
  return [...lines, ...reader.end()];
}

function texts(...chunks: (string | Buffer)[]) {
  return readAll(...chunks).map(({ number, bytes }) => [number, bytes.toString()]);
}

describe("NdjsonReader", () => {
  test.each<[string, string, [number, string][]]>([
    ["nothing", "", []],
    [
      "a last line without newline",
      "{1}\n{2}",
      [
        [1, "{1}"],
        [2, "{2}"],
      ],
    ],
    [
      "CRLF",
      "{1}\r\n{2}\r\n",
      [
        [1, "{1}"],
        [2, "{2}"],
      ],
    ],
    [
      "blank lines, counted",
      "\n  \n{3}\n\u00a0\u3000\r\n{5}",
      [
        [3, "{3}"],
        [5, "{5}"],
      ],
    ],
    [
      "a byte order mark",
      "\uFEFF{1}\n{2}",
      [
        [1, "{1}"],
        [2, "{2}"],
      ],
    ],
    [
      "what is not an object",
      "x\n[1]",
      [
        [1, "x"],
        [2, "[1]"],
      ],
    ],
  ])("reads %s", (_, text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  test("gives the same lines however the bytes arrive", () => {
    const text = fc
      .array(fc.constantFrom("a", "{", "}", "\n", "\r\n", "é", " ", "𝄞"))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
          bytes.length,
        ];
        const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index] ?? 0, end));
        expect(readAll(...chunks)).toEqual(readAll(bytes));
      }),
    );
  });

  test("leaves out exactly the lines that the server leaves out", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (lines) => {
        const text = lines
          .filter((line) => line.isWellFormed())
          .join("\n")
          .replace(/^\uFEFF/, "");
        const kept = text.split("\n").filter((line) => line.trim() !== "");
        expect(readAll(text)).toHaveLength(kept.length);
      }),
    );
  });

  test("refuses what would cost the whole request, or is too large by the server's measure", () => {
    const large = JSON.stringify({ properties: { text: "x".repeat(33_000) } });
    const spacious = `{${" ".repeat(40_000)}"event_type":"e"}`;
    const escaped = `{"event_type":"${"\\u00e9".repeat(10_000)}"}`;
    const lines = readAll(
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      `${large}\n${spacious}\n${escaped}\n{${"x".repeat(40_000)}`,
    );
    expect(lines.map(({ number, rejection }) => [number, rejection?.code])).toEqual([
      [1, "invalid_json"],
      [2, "event_too_large"],
      [3, undefined],
      [4, undefined],
      [5, "invalid_json"],
    ]);
  });

  test("counts empty lines without a look at each", () => {
    const lines = readAll(`{1}\n${"\n".repeat(1_000_000)}{3}`);
    expect(lines.map(({ number }) => number)).toEqual([1, 1_000_002]);
  });

  test("does not hold an endless line", () => {
    const chunk = Buffer.alloc(300_000, "x");
    const lines = readAll("{1}\n", ...Array.from({ length: 20 }, () => chunk), "\n{3}");
    expect(
      lines.map(({ number, bytes, rejection }) => [number, bytes.length, rejection?.code]),
    ).toEqual([
      [1, 3, undefined],
      [2, 1024, "event_too_large"],
      [3, 3, undefined],
    ]);
    expect(lines[1]?.rejection?.detail).toContain("6000000 bytes");
  });
});
