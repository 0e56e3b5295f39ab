/** Files for import, right ones that were damaged. For fast-check. */
import fc from "fast-check";
import { CSV_FILES } from "../corpus/csv-files.ts";
import { eventLine, type FileCase } from "../corpus/file-case.ts";
import { PACKINGS, pack } from "../corpus/gzip-cases.ts";
import { jsonText } from "./json-text.ts";

const lines = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant("good") },
    { weight: 2, arbitrary: jsonText },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 50 }) },
  ),
  { maxLength: 30 },
);

const damage = fc.option(
  fc.record({
    at: fc.integer({ min: 0, max: 999 }).map((place) => place / 1_000),
    bytes: fc.uint8Array({ maxLength: 4 }),
    drops: fc.nat(20),
  }),
  { nil: undefined },
);

const smallCsv = CSV_FILES.filter(({ name }) => !/100 MB|bomb|10,000/.test(name));

export const damagedFile: fc.Arbitrary<FileCase> = fc
  .record({
    lines,
    csv: fc.option(fc.constantFrom(...smallCsv), { freq: 2, nil: undefined }),
    end: fc.constantFrom("\n", "\r\n", "\r", "\n\n"),
    damage,
    packing: fc.option(fc.constantFrom(...PACKINGS), { freq: 3, nil: undefined }),
  })
  .map(({ lines: texts, csv, end, damage: harm, packing }) => ({
    name: `by chance: ${csv === undefined ? "lines" : csv.name}`,
    fileName: `events.${csv === undefined ? "ndjson" : "csv"}${packing === undefined ? "" : ".gz"}`,
    async content() {
      const own = Buffer.from(
        texts.map((text) => (text === "good" ? eventLine() : text)).join(end),
      );
      const bytes = csv === undefined ? own : await csv.content();
      const at = Math.floor((harm?.at ?? 0) * bytes.length);
      const harmed =
        harm === undefined
          ? bytes
          : Buffer.concat([bytes.subarray(0, at), harm.bytes, bytes.subarray(at + harm.drops)]);
      return packing === undefined ? harmed : pack(harmed, packing);
    },
  }));
