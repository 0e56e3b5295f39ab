import { EXPORT_FORMATS, type ExportFormat } from "../../contract/store-api.ts";
import { UsageError } from "../cli-error.ts";

export const STDOUT = "-";

export type OutputPlan = {
  /** A path, or "-" for standard output. */
  readonly output: string;
  readonly format: ExportFormat;
  readonly isGzip: boolean;
};

const EXTENSIONS: Readonly<Record<string, ExportFormat>> = {
  ndjson: "ndjson",
  jsonl: "ndjson",
  json: "ndjson",
  csv: "csv",
  parquet: "parquet",
};

/**
 * The format that is given, else the one that the file's name says, else NDJSON; gzip where the name ends in `.gz`.
 * @throws {UsageError} when they do not go together.
 */
export function planOutput(
  output: string,
  given: ExportFormat | undefined,
  isTerminal: boolean,
): OutputPlan {
  const name = output === STDOUT ? "" : output.toLowerCase();
  const isGzip = name.endsWith(".gz");
  const [, extension = ""] = /\.([a-z]+)$/.exec(isGzip ? name.slice(0, -3) : name) ?? [];
  const named = EXTENSIONS[extension];
  const format = given ?? named ?? "ndjson";
  if (named !== undefined && named !== format) {
    throw new UsageError(
      `${output} would hold ${format}: name it .${format}, or leave --format out`,
    );
  }
  if (format === "parquet" && isGzip) {
    throw new UsageError("Parquet is compressed already: leave .gz out of the file's name");
  }
  if (format === "parquet" && output === STDOUT && isTerminal) {
    throw new UsageError("Parquet is not text for a terminal: name a file with -o");
  }
  return { output, format, isGzip };
}

/** For the option's help and its check. */
export const FORMATS: readonly ExportFormat[] = EXPORT_FORMATS;
