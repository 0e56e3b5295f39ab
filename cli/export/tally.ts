import { Transform } from "node:stream";
import type { ExportFormat } from "../../contract/store-api.ts";

const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** Counts what goes through. */
export type Tally = {
  readonly stream: Transform;
  bytes(): number;
  /** Undefined for Parquet, where only a reader of the whole can tell. */
  events(): number | undefined;
};

export function createTally(format: ExportFormat, onChunk: () => void): Tally {
  let bytes = 0;
  let lines = 0;
  let isQuoted = false;
  const countLines = format === "csv" ? countCsvLines : countPlainLines;
  const stream = new Transform({
    transform(chunk: Buffer, _, pass) {
      bytes += chunk.length;
      if (format !== "parquet") countLines(chunk);
      onChunk();
      pass(null, chunk);
    },
  });
  return {
    stream,
    bytes: () => bytes,
    events() {
      if (format === "parquet") return undefined;
      return format === "csv" ? Math.max(0, lines - 1) : lines;
    },
  };

  function countPlainLines(chunk: Buffer): void {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1))
      lines += 1;
  }

  /** A newline within quotes is part of a cell. */
  function countCsvLines(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === QUOTE) isQuoted = !isQuoted;
      else if (byte === NEWLINE && !isQuoted) lines += 1;
    }
  }
}
