import type { StoreErrorKind } from "../engine.ts";

/**
 * DuckDB's errors carry their kind in front of their message alone (`Conversion Error: …`). What the rows themselves cause is a value
 * that its column cannot take; all else is the machine's state.
 */
const KINDS: Readonly<Record<string, StoreErrorKind>> = {
  Conversion: "data",
  "Out of Range": "data",
  Constraint: "data",
  "Invalid Input": "data",
  IO: "retryable",
  "Out of Memory": "retryable",
  TransactionContext: "retryable",
  FATAL: "retryable",
  INTERRUPT: "retryable",
};

export function kindOfDuckDbError(error: unknown): StoreErrorKind {
  if (!(error instanceof Error)) return "unexpected";
  const [, kind = ""] = /^([A-Za-z ]+?)(?: Error)?: /.exec(error.message) ?? [];
  return KINDS[kind] ?? "unexpected";
}

/** After an error of the disk while it wrote its file, DuckDB answers nothing any more: the file has to be opened again. */
export function isFatal(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("FATAL Error");
}
