import { InvalidArgumentError } from "commander";
import { MAX_EVENTS_PER_REQUEST } from "../../contract/limits.ts";
import { COLUMN_TYPES, type ColumnType, EVENT_FIELDS, type EventField } from "./csv-mapping.ts";
import type { Compression } from "./sender.ts";
import type { Format } from "./source.ts";

/** The options of `sluice import` as Commander gives them, parsed by the functions below. */
export type ImportOptions = {
  readonly url?: string;
  readonly key?: string;
  readonly format?: Format;
  readonly map?: Partial<Record<EventField, string>>;
  readonly properties?: readonly string[] | "*";
  readonly types?: Record<string, ColumnType>;
  readonly inferTypes?: boolean;
  readonly delimiter?: string;
  readonly batchSize: number;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  readonly maxRetrySeconds: number;
  readonly compress: Compression;
  readonly rejects?: string;
  readonly restart?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
};

export function parseMap(text: string): Partial<Record<EventField, string>> {
  const map: Partial<Record<EventField, string>> = {};
  for (const [field, column] of parsePairs(text, "field=column")) {
    const known = EVENT_FIELDS.find((name) => name === field);
    if (known === undefined) {
      throw new InvalidArgumentError(
        `"${field}" is not a field of an event: ${EVENT_FIELDS.join(", ")}.`,
      );
    }
    map[known] = column;
  }
  return map;
}

export function parseTypes(text: string): Record<string, ColumnType> {
  const types = parsePairs(text, "column=type").map(([column, type]): [string, ColumnType] => {
    const known = COLUMN_TYPES.find((name) => name === type);
    if (known === undefined) {
      throw new InvalidArgumentError(`"${type}" is not a type: ${COLUMN_TYPES.join(", ")}.`);
    }
    return [column, known];
  });
  return Object.fromEntries(types);
}

export function parseProperties(text: string): readonly string[] | "*" {
  if (text.trim() === "*") return "*";
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

export function parseDelimiter(text: string): string {
  if (text === "tab" || text === "\\t") return "\t";
  if (text.length === 1 && !/["\r\n]/.test(text)) return text;
  throw new InvalidArgumentError('It must be one character, or "tab".');
}

export function parseBatchSize(text: string): number {
  return parseWhole(text, 1, MAX_EVENTS_PER_REQUEST);
}

export function parseConcurrency(text: string): number {
  return parseWhole(text, 1, 64);
}

export function parseSeconds(text: string): number {
  return parseWhole(text, 1, 86_400);
}

function parseWhole(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
}

function parsePairs(text: string, form: string): [string, string][] {
  return text.split(",").map((pair) => {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    const value = pair.slice(equals + 1).trim();
    if (name === "" || value === "") {
      throw new InvalidArgumentError(`"${pair}" is not ${form}.`);
    }
    return [name, value];
  });
}
