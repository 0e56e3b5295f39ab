import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { StoredEvent } from "../../contract/receipt.ts";
import { withScratchFolder } from "./scratch-folder.ts";

export const PARQUET_CONTENT_TYPE = "application/vnd.apache.parquet";

const MAX_ROWS_PER_GROUP = 100_000;
/** A row group is held in memory while it is written, and again by whoever reads it. */
const BYTES_PER_GROUP = 32 * 1024 * 1024;
/** Of DuckDB: it fails beyond, and needs 256 MB for groups of that size (measured with events of 300 B to 30 kB). */
const MEMORY_LIMIT = "512MB";
/** An event has 32 KiB as JSON, and at most twice that when it is written as a text within JSON. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Lends a Parquet file of the events: `event_id` UUID, `occurred_at` TIMESTAMP in UTC, the others text, as in the cold tier's files. All
 * that it takes on disk is gone when this settles.
 *
 * The events go through a file of JSON texts: DuckDB reads that in pieces, beside Node's thread, where an appender would stop it for each.
 * (Its reader of CSV keeps all that it has read in memory unless it may guess where quotes end.)
 */
export async function withParquetFile<T>(
  scratchDir: string,
  pieces: AsyncIterable<readonly StoredEvent[]>,
  signal: AbortSignal,
  use: (path: string) => Promise<T>,
): Promise<T> {
  return withScratchFolder(scratchDir, async (folder) => {
    const jsonPath = join(folder, "events.ndjson");
    const parquetPath = join(folder, "events.parquet");
    const written = await writeJson(jsonPath, pieces, signal);
    await convert(folder, jsonPath, parquetPath, rowsPerGroup(written), signal);
    await rm(jsonPath);
    return use(parquetPath);
  });
}

type Written = { readonly events: number; readonly characters: number };

async function writeJson(
  path: string,
  pieces: AsyncIterable<readonly StoredEvent[]>,
  signal: AbortSignal,
): Promise<Written> {
  let events = 0;
  let characters = 0;
  async function* encode() {
    for await (const piece of pieces) {
      const text = piece.map(toLine).join("");
      events += piece.length;
      characters += text.length;
      yield text;
    }
  }
  // One piece ahead, not the 16 of the default.
  const source = Readable.from(encode(), { highWaterMark: 1 });
  await pipeline(source, createWriteStream(path), { signal });
  return { events, characters };
}

/** The properties as a text: DuckDB would write numbers its own way. */
function toLine({ event_id, event_type, user_id, occurred_at, properties }: StoredEvent): string {
  const texts = [event_id, event_type, user_id, occurred_at, JSON.stringify(properties)];
  return `${JSON.stringify(Object.fromEntries(COLUMNS.map((name, at) => [name, texts[at]])))}\n`;
}

const COLUMNS = ["event_id", "event_type", "user_id", "occurred_at", "properties"] as const;

function rowsPerGroup({ events, characters }: Written): number {
  const rows = Math.floor((BYTES_PER_GROUP * events) / Math.max(characters, 1));
  // DuckDB works in pieces of 2,048 rows.
  return Math.min(MAX_ROWS_PER_GROUP, Math.max(2_048, rows));
}

async function convert(
  folder: string,
  jsonPath: string,
  parquetPath: string,
  rowGroupSize: number,
  signal: AbortSignal,
): Promise<void> {
  // Here and not before: its library alone is 70 MB, and most workers never need it.
  const { openDuckDb } = await import("../duckdb/database.ts");
  const duckdb = await openDuckDb({
    path: ":memory:",
    allowedDirectories: [folder],
    memoryLimit: MEMORY_LIMIT,
    threads: 1,
    tempDirectory: join(folder, "spill"),
  });
  try {
    const text = `
      copy (
        select event_id::uuid as event_id, event_type, user_id, occurred_at::timestamp as occurred_at, properties
        from read_json(${quote(jsonPath)}, format = 'newline_delimited', maximum_object_size = ${MAX_LINE_BYTES},
          columns = {${COLUMNS.map((name) => `${name}: 'varchar'`).join(", ")}})
      ) to ${quote(parquetPath)} (format parquet, compression zstd, row_group_size ${rowGroupSize})`;
    await duckdb.query({ text, params: [] }, signal);
  } finally {
    duckdb.close();
  }
}

/** COPY takes no parameters. */
function quote(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}
