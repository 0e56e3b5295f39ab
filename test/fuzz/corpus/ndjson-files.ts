import { eventLine, eventLines, type FileCase } from "./file-case.ts";
import { isReadable, PACKINGS, pack } from "./gzip-cases.ts";
import { HOSTILE_TEXTS } from "./hostile-text.ts";
import { bytesOf } from "./json-case.ts";
import { JSON_CASES } from "./json-cases.ts";

const MEGABYTE = 1024 * 1024;

/** NDJSON, plain and packed. */
export const NDJSON_FILES: readonly FileCase[] = [
  ...files({
    "an empty file": [() => "", 0],
    "newlines alone": [() => "\n\r\n\n", 0],
    "no newline at the end": [() => eventLines(3) + eventLine(), 4],
    CRLF: [() => eventLines(3).replaceAll("\n", "\r\n"), 3],
    "carriage returns alone": [() => eventLines(3).replaceAll("\n", "\r")],
    "a byte order mark": [() => `\ufeff${eventLines(2)}`, 2],
    "a byte order mark alone": [() => "\ufeff", 0],
    "a byte order mark on each line": [() => `\ufeff${eventLine()}\n\ufeff${eventLine()}\n`],
    "lines of blanks": [
      () => `${eventLine()}\n \t \n\u00a0\n\u3000\n\u2028\n\u000b\f\n\ufeff\n${eventLine()}\n`,
      2,
    ],
    "line separators of Unicode": [
      () => `${eventLine()}\u2028${eventLine()}\u2029${eventLine()}\u0085\n`,
    ],
    "a NUL behind each line": [() => eventLines(2).replaceAll("\n", "\0\n")],
    "a file that ends inside a line": [() => eventLines(2) + eventLine().slice(0, 40), 2],
    "an array": [() => `[${eventLine()}]`, 0],
    "an array over lines": [() => `[\n${eventLine()}\n]`, 0],
    "an object over lines": [() => JSON.stringify(JSON.parse(eventLine()), undefined, 2)],
    "a key twice": [() => `${eventLine().slice(0, -1)},"user_id":"b"}\n${eventLine()}\n`, 1],
    "a line of 100 MB": [() => `{"a":"${"x".repeat(100 * MEGABYTE)}"}\n${eventLine()}\n`, 1],
    "a line of 100 MB without an end": [() => `${eventLine()}\n${"x".repeat(100 * MEGABYTE)}`, 1],
    "100 MB of newlines": [
      () => `${eventLine()}\n${"\n".repeat(100 * MEGABYTE)}${eventLine()}\n`,
      2,
    ],
    "100 MB of blanks": [() => `${eventLine()}\n${" ".repeat(100 * MEGABYTE)}\n${eventLine()}\n`],
    "20,000 lines that are no events": [() => "{}\n".repeat(20_000), 0],
    "a line 100,000 levels deep": [() => `${eventLine()}\n${"[".repeat(100_000)}\n`, 1],
    "an event 100,000 levels deep": [
      () =>
        `${eventLine().slice(0, -1)},"properties":${'{"a":'.repeat(100_000)}0${"}".repeat(100_001)}\n${eventLine()}\n`,
      1,
    ],
    "every text in every line": [
      () => HOSTILE_TEXTS.map((text) => `${JSON.stringify(text)}\n`).join(""),
      0,
    ],
  }),
  ...binaries({
    "every case of JSON in a line": () =>
      Buffer.concat(
        JSON_CASES.filter(({ bytes }) => !bytes.includes(10) && bytes.length < MEGABYTE).flatMap(
          ({ bytes }) => [bytes, Buffer.from("\n")],
        ),
      ),
    "lines that are no UTF-8": () =>
      bytesOf(`${eventLine()}\n{"a":"`, [0xff, 0xfe], '"}\n', [0xc0, 0x80], `\n${eventLine()}\n`),
    "UTF-16 with a mark": () => Buffer.from(`\ufeff${eventLines(2)}`, "utf16le"),
    "UTF-16 without a mark": () => Buffer.from(eventLines(2), "utf16le"),
    "big-endian UTF-16": () => Buffer.from(`\ufeff${eventLines(2)}`, "utf16le").swap16(),
    "every byte there is": () =>
      Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7) % 256)),
    zeros: () => Buffer.alloc(3 * MEGABYTE),
    "a ZIP": () => Buffer.from("504b0304140000000800", "hex"),
    "a ZSTD": () => Buffer.from("28b52ffd0458", "hex"),
    "a BZ2": () => Buffer.from("425a68393141592653", "hex"),
    "an XZ": () => Buffer.from("fd377a585a0000", "hex"),
    "a Parquet file by another name": () => Buffer.from("PAR1\0\0\0\0PAR1"),
    "two bytes": () => Buffer.from([0x1f, 0x8b]),
  }),
  ...PACKINGS.map(
    (packing): FileCase => ({
      name: `NDJSON as ${packing}`,
      fileName: "events.ndjson.gz",
      content: () => pack(Buffer.from(eventLines(50)), packing),
      ...(isReadable(packing) ? { accepted: 50 } : {}),
    }),
  ),
];

function files(
  texts: Readonly<Record<string, readonly [content: () => string, accepted?: number]>>,
): FileCase[] {
  return Object.entries(texts).map(([name, [content, accepted]]) => ({
    name: `NDJSON: ${name}`,
    fileName: "events.ndjson",
    content: () => Buffer.from(content()),
    ...(accepted === undefined ? {} : { accepted }),
  }));
}

function binaries(contents: Readonly<Record<string, () => Buffer>>): FileCase[] {
  return Object.entries(contents).flatMap(([name, content]) =>
    ["events.ndjson", "events"].map((fileName) => ({
      name: `${fileName}: ${name}`,
      fileName,
      content,
    })),
  );
}
