import { DuckDBTimestampTZValue, DuckDBTimestampValue, type DuckDBValue } from "@duckdb/node-api";

/** A value of a result as the rest of the worker knows it. */
export type PlainValue = string | number | boolean | null;

/**
 * Whole numbers of all sizes as numbers: counts stay far below 2^53. Times as text in UTC with microseconds.
 * @throws for types that no statement of ours returns.
 */
export function toPlainValue(value: DuckDBValue): PlainValue {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    case "bigint":
      return Number(value);
  }
  if (value === null) return null;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return formatMicros(value.micros);
  }
  throw new TypeError(`Cannot read result: ${value.constructor.name} has no plain value`);
}

/** RFC 3339 in UTC with six digits. */
export function formatMicros(micros: bigint): string {
  const rest = ((micros % 1_000n) + 1_000n) % 1_000n;
  const milliseconds = new Date(Number((micros - rest) / 1_000n)).toISOString();
  return `${milliseconds.slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}
