import type { DuckDBConnection } from "@duckdb/node-api";
import { CliError, UsageError } from "../cli-error.ts";
import { EVENT_FIELDS, type EventField } from "./csv-mapping.ts";

/** A Parquet file that has been looked into. */
export type ParquetRows = {
  readonly total: number;
  /** Rows given so far. */
  done(): number;
  /** The rows as NDJSON, in the file's order, some 2,000 at a time. */
  chunks(): AsyncGenerator<Buffer>;
};

/** Columns that are not sent: the server sets them anew, and the key says the project. */
const IGNORED = ["received_at", "project_id"];

/**
 * Opens a file with the columns that `sluice export` writes, or other types of the same meaning.
 * @throws {UsageError} when a column is missing, or would be lost. @throws {CliError} when the file cannot be read.
 */
export async function openParquetRows(file: string, name: string): Promise<ParquetRows> {
  // Here and not before: the library alone is 70 MB.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: "1GB" });
  const connection = await instance.connect();
  const source = `read_parquet('${file.replaceAll("'", "''")}', hive_partitioning = false)`;
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    const types = await describeColumns(connection, source);
    const line = lineOf(types, name);
    const [[total] = []] = await readRows(connection, `select count(*)::double from ${source}`);
    return read(Number(total), `select ${line} from ${source}`);
  } catch (error) {
    close();
    throw explain(error, name);
  }

  function read(total: number, statement: string): ParquetRows {
    let done = 0;
    return {
      total,
      done: () => done,
      async *chunks() {
        try {
          const result = await connection.stream(statement);
          for await (const chunk of result) {
            const lines = chunk.getColumnValues(0);
            done += lines.length;
            yield Buffer.from(lines.map((line) => `${line}\n`).join(""));
          }
        } catch (error) {
          throw explain(error, name);
        } finally {
          close();
        }
      },
    };
  }
}

async function describeColumns(connection: DuckDBConnection, source: string) {
  const rows = await readRows(connection, `describe from ${source}`);
  return new Map(rows.map(([column, type]) => [String(column), String(type)]));
}

async function readRows(connection: DuckDBConnection, statement: string) {
  return (await connection.runAndReadAll(statement)).getRows();
}

/** An expression for a row's JSON, without a newline. A member without a value is left out. */
function lineOf(types: ReadonlyMap<string, string>, name: string): string {
  const strange = [...types.keys()].find((column) => !isField(column) && !IGNORED.includes(column));
  if (strange !== undefined) {
    throw new UsageError(
      `Cannot import ${name}: column "${strange}" is none of an event, ${EVENT_FIELDS.join(", ")}. Put it into properties, for example with DuckDB`,
    );
  }
  for (const field of ["event_type", "user_id"]) {
    if (!types.has(field))
      throw new UsageError(`Cannot import ${name}: no column is named ${field}`);
  }
  const members = EVENT_FIELDS.flatMap((field) => {
    const type = types.get(field);
    if (type === undefined) return [];
    return [`coalesce(',"${field}":' || ${jsonOf(field, type, name)}, '')`];
  });
  return `'{' || substr(${members.join(" || ")}, 2) || '}'`;
}

function jsonOf(field: EventField, type: string, name: string): string {
  if (field === "properties") {
    // In JSON, a newline outside of a text is as good as a blank.
    const text = `replace(replace(properties::varchar, chr(10), ' '), chr(13), ' ')`;
    return type === "VARCHAR" || type === "JSON" ? text : "to_json(properties)::varchar";
  }
  if (field === "occurred_at" && type !== "VARCHAR") return quoted(timeOf(type, name));
  return `to_json(${field}::varchar)::varchar`;
}

function timeOf(type: string, name: string): string {
  if (!type.startsWith("TIMESTAMP")) {
    throw new UsageError(`Cannot import ${name}: occurred_at is ${type}, not TIMESTAMP or VARCHAR`);
  }
  const isZoned = type === "TIMESTAMP WITH TIME ZONE";
  return isZoned ? "(occurred_at at time zone 'UTC')" : "occurred_at::timestamp";
}

function quoted(time: string): string {
  return `'"' || strftime(${time}, '%Y-%m-%dT%H:%M:%S.%fZ') || '"'`;
}

function isField(column: string): boolean {
  return EVENT_FIELDS.some((field) => field === column);
}

function explain(error: unknown, name: string): unknown {
  if (error instanceof CliError) return error;
  const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return new CliError(`Cannot read ${name}: ${reason}`, { cause: error });
}
