import type { FileCase } from "./file-case.ts";
import { pack } from "./gzip-cases.ts";
import { HOSTILE_TEXTS } from "./hostile-text.ts";
import { bytesOf } from "./json-case.ts";

const HEADER = "event_id,occurred_at,event_type,user_id,plan";
const MEGABYTE = 1024 * 1024;
let count = 0;

function row(plan = "pro", end = "\n"): string {
  count += 1;
  const id = `0190a0a0-0000-7000-9000-${count.toString(16).padStart(12, "0")}`;
  return `${id},2024-02-29T12:00:00Z,csv,u1,${plan}${end}`;
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

export const CSV_FILES: readonly FileCase[] = [
  ...files({
    "an empty file": [() => "", 0],
    "a header alone": [() => `${HEADER}\n`, 0],
    "no newline at the end": [() => `${HEADER}\n${row("pro", "")}`, 1],
    CRLF: [() => `${HEADER}\r\n${row("pro", "\r\n")}${row("pro", "\r\n")}`, 2],
    "carriage returns alone": [() => `${HEADER}\r${row("pro", "\r")}`],
    "mixed ends of lines": [() => `${HEADER}\n${row("pro", "\r\n")}${row()}`, 2],
    "a byte order mark": [() => `\ufeff${HEADER}\n${row()}`, 1],
    "no header": [() => row(), 0, "sluice: No column for event_type"],
    "a column twice": [() => `${HEADER},plan\n${row("a,b")}`, 0, 'two columns are named "plan"'],
    "a column without a name": [() => `${HEADER},\n${row("a,b")}`, 0, "column 6 has no name"],
    "too few cells": [() => `${HEADER}\na,b\n${row()}`, 1],
    "too many cells": [() => `${HEADER}\n${row("a,b,c,d")}${row()}`, 1],
    "a quote that is not closed": [() => `${HEADER}\n${row('"pro')}${row().repeat(3)}`],
    "a quote inside a cell": [() => `${HEADER}\n${row('p"ro')}`],
    "text behind a closing quote": [() => `${HEADER}\n${row('"pro"x')}`],
    "newlines in a cell": [() => `${HEADER}\n${row('"a\nb\r\nc\rd"')}`, 1],
    "semicolons between columns": [() => `${HEADER.replaceAll(",", ";")}\n`, 0],
    "a NUL in a cell": [() => `${HEADER}\n${row("a\0b")}${row()}`, 1],
    "every text in a cell": [
      () =>
        `${HEADER}\n${HOSTILE_TEXTS.filter((text) => text.isWellFormed())
          .map((text) => row(quoted(text)))
          .join("")}`,
    ],
    "columns that objects have by themselves": [
      () =>
        `${HEADER},constructor,toString\n${row("a,b,c")}${HEADER.replace("plan", "__proto__")}\n`,
    ],
    "a column __proto__": [() => `${HEADER.replace("plan", "__proto__")}\n${row()}`, 0],
    formulas: [() => `${HEADER}\n${row(quoted("=cmd|' /C calc'!A0"))}${row(quoted("@SUM(1)"))}`, 2],
    "10,000 columns": [
      () =>
        `${HEADER},${Array.from({ length: 10_000 }, (_, index) => `c${index}`).join()}\n${row(`a${",1".repeat(10_000)}`)}`,
      0,
    ],
    "a cell of 100 MB": [() => `${HEADER}\n${row(`"${"x".repeat(100 * MEGABYTE)}"`)}`],
    "a header of 100 MB": [() => "x".repeat(100 * MEGABYTE)],
    "100 MB of empty lines": [() => `${HEADER}\n${"\n".repeat(100 * MEGABYTE)}${row()}`, 1],
    "100,000 quotes": [() => `${HEADER}\n${'"'.repeat(100_000)}\n`],
  }),
  {
    name: "CSV: no UTF-8",
    fileName: "events.csv",
    content: () => bytesOf(`${HEADER}\n${row("")}`, [0xe9, 0xff], `\n`),
    says: "the CSV is not UTF-8",
  },
  {
    name: "CSV: UTF-16",
    fileName: "events.csv",
    content: () => Buffer.from(`\ufeff${HEADER}\n${row()}`, "utf16le"),
    says: "it is UTF-16",
  },
  {
    name: "CSV: zeros",
    fileName: "events.csv",
    content: () => Buffer.alloc(3 * MEGABYTE),
  },
  {
    name: "CSV: a gzip bomb",
    fileName: "events.csv.gz",
    content: () => pack(Buffer.from(""), "gzip-bomb"),
  },
  {
    name: "CSV: a gzip that is cut",
    fileName: "events.csv.gz",
    content: () => pack(Buffer.from(`${HEADER}\n${row().repeat(9)}`), "gzip-truncated"),
  },
  {
    name: "CSV: types that cells are not",
    fileName: "events.csv",
    content: () =>
      Buffer.from(
        `${HEADER}\n${["1e999", "0x10", "NaN", "{", "[1", "TRUE"].map((text) => row(quoted(text))).join("")}`,
      ),
    args: ["--types", "plan=json"],
  },
  {
    name: "CSV: types to guess",
    fileName: "events.csv",
    content: () =>
      Buffer.from(
        `${HEADER}\n${["1e999", "9007199254740993", "-0", '{"__proto__":1}', `${"[".repeat(5_000)}`, "true"].map((text) => row(quoted(text))).join("")}`,
      ),
    args: ["--infer-types"],
  },
];

function files(
  texts: Readonly<
    Record<string, readonly [content: () => string, accepted?: number, says?: string]>
  >,
): FileCase[] {
  return Object.entries(texts).map(([name, [content, accepted, says]]) => ({
    name: `CSV: ${name}`,
    fileName: "events.csv",
    content: () => Buffer.from(content()),
    ...(accepted === undefined ? {} : { accepted }),
    ...(says === undefined ? {} : { says }),
  }));
}
