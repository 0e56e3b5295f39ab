import type { Rejection } from "../../contract/rejection.ts";
import { UsageError } from "../cli-error.ts";

export const EVENT_FIELDS = [
  "event_id",
  "occurred_at",
  "event_type",
  "user_id",
  "properties",
] as const;
export type EventField = (typeof EVENT_FIELDS)[number];

export const COLUMN_TYPES = ["string", "number", "boolean", "json"] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export type CsvOptions = {
  /** Event field to column. A field that is not named takes the column of its own name, if there is one. */
  readonly map: Readonly<Partial<Record<EventField, string>>>;
  /** Columns that become properties; undefined: all that no field takes. */
  readonly properties: readonly string[] | undefined;
  readonly types: Readonly<Record<string, ColumnType>>;
  /** Whether columns without a type are read as JSON numbers, booleans, objects and arrays where they look so. */
  readonly isInferring: boolean;
  readonly delimiter: string;
};

/** Turns one row into an event's JSON, or says why it cannot. */
export type RowMapper = (cells: readonly string[]) => { readonly json: string } | Rejection;

/**
 * Fixes for a header which column goes where.
 * @throws {UsageError} when the header lacks a column that is named or needed.
 */
export function createRowMapper(header: readonly string[], options: CsvOptions): RowMapper {
  const columns = indexColumns(header);
  const fields = mapFields(header, columns, options.map);
  const properties = pickProperties(header, columns, fields, options);
  const typeOf = typer(header, options);
  return (cells) => {
    if (cells.length !== header.length) {
      const detail = `The row has ${cells.length} columns, the header ${header.length}`;
      return { code: "invalid_event", pointer: "", detail };
    }
    return mapRow(cells, fields, properties, typeOf);
  };
}

type Column = { readonly name: string; readonly index: number };
type Fields = ReadonlyMap<EventField, number>;

function mapRow(
  cells: readonly string[],
  fields: Fields,
  columns: readonly Column[],
  typeOf: (column: string) => ColumnType | "inferred",
): { readonly json: string } | Rejection {
  const cellOf = (field: EventField) => cells[fields.get(field) ?? -1] || undefined;
  const entries: [string, unknown][] = [];
  const nested = cellOf("properties");
  if (nested !== undefined) {
    const object = parseJson(nested);
    if (typeof object !== "object" || object === null || Array.isArray(object)) {
      return {
        code: "invalid_properties",
        pointer: "/properties",
        detail: "properties is not a JSON object",
      };
    }
    entries.push(...Object.entries(object));
  }
  for (const { name, index } of columns) {
    const text = cells[index];
    if (text === undefined || text === "") continue;
    const value = readCell(text, typeOf(name));
    if (value === undefined) {
      const pointer = `/properties/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const detail = `Column "${name}" is not a ${typeOf(name)}: "${text.slice(0, 64)}"`;
      return { code: "invalid_properties", pointer, detail };
    }
    entries.push([name, value]);
  }
  const event = {
    event_id: cellOf("event_id"),
    occurred_at: cellOf("occurred_at"),
    event_type: cellOf("event_type"),
    user_id: cellOf("user_id"),
    // Not by assignment: a column "__proto__" must reach the server, which refuses it by name.
    properties: Object.fromEntries(entries),
  };
  return { json: JSON.stringify(event) };
}

/** RFC 8259 §6: "007", "+1" and "1,000" are text until somebody says what they mean. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function readCell(text: string, type: ColumnType | "inferred"): unknown {
  switch (type) {
    case "string":
      return text;
    case "number":
      return readNumber(text);
    case "boolean":
      return readBoolean(text);
    case "json":
      return parseJson(text);
    case "inferred":
      return inferCell(text);
  }
}

function inferCell(text: string): unknown {
  const number = readNumber(text);
  // A number that a double cannot hold, such as a long account number, keeps its digits as text.
  if (number !== undefined) return Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : text;
  if (text === "true" || text === "false") return text === "true";
  return /^[{[]/.test(text) ? (parseJson(text) ?? text) : text;
}

function readNumber(text: string): number | undefined {
  const number = JSON_NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

function readBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "1") return true;
  return lower === "false" || lower === "0" ? false : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function indexColumns(header: readonly string[]): ReadonlyMap<string, number> {
  const columns = new Map<string, number>();
  for (const [index, name] of header.entries()) {
    if (name !== "" && columns.has(name)) {
      throw new UsageError(`Cannot read the CSV header: two columns are named "${name}"`);
    }
    columns.set(name, index);
  }
  return columns;
}

function mapFields(
  header: readonly string[],
  columns: ReadonlyMap<string, number>,
  map: CsvOptions["map"],
): Fields {
  const fields = new Map<EventField, number>();
  for (const field of EVENT_FIELDS) {
    const name = map[field];
    const index = columns.get(name ?? field);
    if (index !== undefined) fields.set(field, index);
    else if (name !== undefined) throw missingColumn(name, "--map", header);
  }
  for (const field of ["event_type", "user_id"] as const) {
    if (!fields.has(field)) {
      throw new UsageError(
        `No column for ${field}: name one with --map ${field}=COLUMN. The header has ${listed(header)}`,
      );
    }
  }
  return fields;
}

function pickProperties(
  header: readonly string[],
  columns: ReadonlyMap<string, number>,
  fields: Fields,
  options: CsvOptions,
): Column[] {
  if (options.properties !== undefined) {
    return options.properties.map((name) => {
      const index = columns.get(name);
      if (index === undefined) throw missingColumn(name, "--properties", header);
      return { name, index };
    });
  }
  const taken = new Set(fields.values());
  const rest = header
    .map((name, index) => ({ name, index }))
    .filter(({ index }) => !taken.has(index));
  const unnamed = rest.find(({ name }) => name === "");
  if (unnamed !== undefined) {
    throw new UsageError(
      `Cannot read the CSV header: column ${unnamed.index + 1} has no name. Choose the columns with --properties`,
    );
  }
  return rest;
}

function typer(header: readonly string[], options: CsvOptions) {
  for (const name of Object.keys(options.types)) {
    if (!header.includes(name)) throw missingColumn(name, "--types", header);
  }
  const types = new Map(Object.entries(options.types));
  return (column: string): ColumnType | "inferred" =>
    types.get(column) ?? (options.isInferring ? "inferred" : "string");
}

function missingColumn(name: string, option: string, header: readonly string[]): UsageError {
  return new UsageError(
    `No column "${name}", which ${option} names. The header has ${listed(header)}`,
  );
}

function listed(header: readonly string[]): string {
  const shown = header.slice(0, 30).join(", ");
  return header.length > 30 ? `${shown}, … (${header.length} columns)` : shown;
}
