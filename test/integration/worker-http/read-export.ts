/** Exports as their readers take them: events with all that a text may hold, and each format read back. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { CsvReader } from "../../../cli/import/csv-reader.ts";
import type { Line } from "../../../cli/import/line.ts";
import { NdjsonReader } from "../../../cli/import/ndjson-reader.ts";
import type { Event } from "../../../contract/event.ts";
import type { ExportFormat } from "../../../contract/store-api.ts";
import { parseTimestamp } from "../../../contract/timestamp.ts";
import { openDuckDb } from "../../../worker/duckdb/database.ts";

export const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
  parquet: "application/vnd.apache.parquet",
};

/** As `sluice import` reads the file, in the order of the ids. */
export async function readExport(format: ExportFormat, content: Buffer): Promise<Event[]> {
  switch (format) {
    case "ndjson":
      return byId(toEvents(new NdjsonReader().push(content)));
    case "csv":
      return byId(toEvents(await readCsv(content)));
    case "parquet":
      return byId(await readParquet(content));
  }
}

/** Ids are all different: the order is not what is compared. */
export function byId(events: readonly Event[]): Event[] {
  return events.toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1));
}

async function readCsv(content: Buffer): Promise<readonly Line[]> {
  const options = { map: {}, properties: undefined, types: {}, isInferring: false, delimiter: "," };
  const reader = new CsvReader(options);
  return [...(await reader.push(content)), ...(await reader.end())];
}

function toEvents(lines: readonly Line[]): Event[] {
  expect(lines.filter(({ rejection }) => rejection !== undefined)).toEqual([]);
  return lines.map(({ bytes }) => JSON.parse(bytes.toString()));
}

async function readParquet(content: Buffer): Promise<Event[]> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-parquet-"));
  const path = join(folder, "events.parquet");
  writeFileSync(path, content);
  const duckdb = await openDuckDb({ path: ":memory:", allowedDirectories: [folder] });
  try {
    const types = await duckdb.query<{ column_name: string; column_type: string }>({
      text: `describe from read_parquet('${path}')`,
      params: [],
    });
    expect(types.map((column) => [column.column_name, column.column_type])).toEqual([
      ["event_id", "UUID"],
      ["event_type", "VARCHAR"],
      ["user_id", "VARCHAR"],
      ["occurred_at", "TIMESTAMP"],
      ["properties", "VARCHAR"],
    ]);
    // As JSON, since the client for Node takes a byte order mark off the start of a text.
    const rows = await duckdb.query<{ event: string }>({
      text: `select to_json(events)::varchar as event from read_parquet('${path}') as events`,
      params: [],
    });
    return rows.map(({ event }) => {
      const { occurred_at, properties, ...rest } = JSON.parse(event);
      return {
        ...rest,
        occurred_at: formatTime(occurred_at),
        properties: JSON.parse(properties),
      };
    });
  } finally {
    duckdb.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `2024-03-01 10:00:00.12` as the edge writes it. */
function formatTime(text: string): string {
  return parseTimestamp(`${text.replace(" ", "T")}Z`)?.text ?? text;
}

const hostile = [
  '"',
  '""',
  ",",
  "\r",
  "\n",
  "\r\n",
  "\\",
  "\\n",
  "'",
  "=1+1",
  "\uFEFF",
  "é😀",
  "\t",
  " ",
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary", maxLength: 8 })), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) => parts.join("").replaceAll("\0", ""))
  .filter((joined) => joined.length > 0 && joined.length <= 200 && joined.isWellFormed());
const value = fc.oneof(
  text,
  fc.constantFrom(null, true, 0, 0.1, -1.5e-10, 1e-7, 9007199254740991, "", "007", "1e400"),
  fc.constantFrom([], {}, [null, { a: [1] }]),
);
export const anyEvent: fc.Arbitrary<Event> = fc.record({
  event_id: fc.uuid(),
  event_type: text,
  user_id: text,
  occurred_at: fc
    .tuple(
      fc.date({ min: new Date("2006-01-01"), max: new Date("2026-01-01"), noInvalidDate: true }),
      fc.constantFrom("", "001", "999", "120"),
    )
    .map(([date, micros]) => date.toISOString().replace("Z", `${micros}Z`)),
  properties: fc.dictionary(
    text.filter((key) => !["__proto__", "constructor", "prototype"].includes(key)),
    value,
    { maxKeys: 5 },
  ),
});
