import { finished } from "node:stream/promises";
import { CsvError, type Parser, parse } from "csv-parse";
import { CliError } from "../cli-error.ts";
import { type CsvOptions, createRowMapper, type RowMapper } from "./csv-mapping.ts";
import type { Line, LineReader } from "./line.ts";

/** A row beyond it is almost always a quote that is never closed and would swallow the rest of the file. */
const MAX_ROW_CHARACTERS = 1024 * 1024;

/**
 * Reads CSV (RFC 4180) into events. Rows are taken in the parser's callback, not from its readable side, so that a chunk's rows
 * are there when its write is done. Wrong quoting ends the import: where the next row begins is anybody's guess.
 */
export class CsvReader implements LineReader {
  readonly #options: CsvOptions;
  readonly #parser: Parser;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true });
  #mapRow: RowMapper | undefined;
  #lines: Line[] = [];
  /** Counted here: the parser counts CRLF inside quotes twice. */
  #linesOfRows = 0;
  #lastLine = 0;

  constructor(options: CsvOptions) {
    this.#options = options;
    this.#parser = parse({
      bom: true,
      delimiter: options.delimiter,
      max_record_size: MAX_ROW_CHARACTERS,
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (cells: string[], info) => {
        const number = this.#linesOfRows + info.empty_lines + 1;
        this.#takeRow(cells, number);
        this.#linesOfRows += 1 + countNewlines(cells);
        this.#lastLine = this.#linesOfRows + info.empty_lines;
        return null;
      },
    });
    // Every failure also reaches the callback of the write or the promise of the end.
    this.#parser.on("error", () => {});
  }

  async push(chunk: Buffer): Promise<readonly Line[]> {
    this.#checkUtf8(chunk);
    await new Promise<void>((resolve, reject) => {
      this.#parser.write(chunk, (error) => (error ? reject(this.#explain(error)) : resolve()));
    });
    return this.#takeLines();
  }

  async end(): Promise<readonly Line[]> {
    this.#checkUtf8();
    this.#parser.end();
    try {
      await finished(this.#parser, { readable: false });
    } catch (error) {
      throw this.#explain(error);
    }
    return this.#takeLines();
  }

  #takeRow(cells: readonly string[], number: number): void {
    if (this.#mapRow === undefined) {
      this.#mapRow = createRowMapper(cells, this.#options);
      return;
    }
    const mapped = this.#mapRow(cells);
    this.#lines.push(
      "json" in mapped
        ? { number, bytes: Buffer.from(mapped.json) }
        : { number, bytes: Buffer.from(this.#toText(cells)), rejection: mapped },
    );
  }

  #takeLines(): readonly Line[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  #toText(cells: readonly string[]): string {
    const quoted = cells.map((cell) =>
      /["\r\n]/.test(cell) || cell.includes(this.#options.delimiter)
        ? `"${cell.replaceAll('"', '""')}"`
        : cell,
    );
    return quoted.join(this.#options.delimiter);
  }

  #checkUtf8(chunk?: Buffer): void {
    try {
      this.#utf8.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw new CliError(
        "the CSV is not UTF-8: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8",
        { cause },
      );
    }
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof CsvError)) return error;
    return new CliError(
      `the CSV is wrong in the row that begins at line ${this.#lastLine + 1}: ${EXPLANATIONS[error.code] ?? error.message}. ` +
        "Earlier rows may have been imported: those with an event_id are safe to import again",
      { cause: error },
    );
  }
}

function countNewlines(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf("\n"); at !== -1; at = cell.indexOf("\n", at + 1)) count++;
  }
  return count;
}

const EXPLANATIONS: Partial<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is not closed",
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quote",
  INVALID_OPENING_QUOTE: 'a quote stands inside a cell that is not quoted (write "" inside quotes)',
  CSV_MAX_RECORD_SIZE: `the row is longer than ${MAX_ROW_CHARACTERS} characters; probably a quote is not closed`,
};
