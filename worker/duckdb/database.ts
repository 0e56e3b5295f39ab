import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import type { Statement } from "../../sql/statement.ts";
import { createConnectionPool } from "./connection-pool.ts";
import { keepByteOrderMarks } from "./keep-byte-order-marks.ts";
import { type PlainValue, toPlainValue } from "./plain-value.ts";

/** What a query is run from; a {@link Statement} is one. */
export type DuckDbStatement = Pick<Statement, "text" | "params">;

export type DuckDb = {
  /**
   * Runs one statement on a connection of its own, sees one snapshot, and ends early when the signal aborts. Times come as text in UTC with
   * microseconds, numbers of all sizes as numbers.
   */
  query<Row>(statement: DuckDbStatement, signal?: AbortSignal): Promise<Row[]>;
  /** The same in pieces of up to 2,048 rows, however large the result: a piece is computed when it is asked for. */
  stream<Row>(statement: DuckDbStatement, signal?: AbortSignal): AsyncIterable<readonly Row[]>;
  /** A connection that the caller closes: for transactions and appenders. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
};

export type DuckDbOptions = {
  /** A file that is made if it is missing, or `:memory:`. */
  readonly path: string;
  /** Folders whose files statements may read and write. Without it they reach no file but the database's own. */
  readonly allowedDirectories?: readonly string[];
  /** As DuckDB writes it: `2GB`. Its default is 80 % of the machine's memory. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** Where what does not fit in memory goes. Its default is `<path>.tmp`, and `.tmp` for a database in memory. */
  readonly tempDirectory?: string;
  /**
   * How many queries run at once; others wait. Each holds one of Node's pool of 4 threads (`UV_THREADPOOL_SIZE`), which files and name
   * look-ups need as well.
   */
  readonly readConnections?: number;
};

/**
 * Opens a sandbox: whatever is in a statement, it can load no extension, reach no network, no file outside the allowed folders, and
 * change no setting.
 */
export async function openDuckDb(options: DuckDbOptions): Promise<DuckDb> {
  keepByteOrderMarks();
  const instance = await DuckDBInstance.create(options.path, toConfig(options));
  try {
    await lockDown(instance, options.allowedDirectories ?? []);
  } catch (error) {
    instance.closeSync();
    throw error;
  }
  const pool = createConnectionPool(() => instance.connect(), options.readConnections ?? 2);

  return {
    query: <Row>(statement: DuckDbStatement, signal?: AbortSignal) =>
      pool.withConnection(signal, (connection) => queryOn<Row>(connection, statement, signal)),

    async *stream<Row>({ text, params }: DuckDbStatement, signal?: AbortSignal) {
      signal?.throwIfAborted();
      // Not of the pool: how long it is kept is up to the reader.
      const connection = await instance.connect();
      try {
        const result = await interruptible(connection, signal, () =>
          connection.stream(text, [...params] as DuckDBValue[]),
        );
        const names = result.deduplicatedColumnNames();
        for (;;) {
          const chunk = await interruptible(connection, signal, () => result.fetchChunk());
          if (chunk === null || chunk.rowCount === 0) return;
          yield toObjects(names, chunk.convertRows<PlainValue>(toPlainValue)) as Row[];
        }
      } finally {
        connection.closeSync();
      }
    },

    connect: () => instance.connect(),

    close() {
      pool.close();
      instance.closeSync();
    },
  };
}

/** As {@link DuckDb.query}, on a connection that the caller has: it may hold temporary tables and views. */
export function queryOn<Row>(
  connection: DuckDBConnection,
  { text, params }: DuckDbStatement,
  signal?: AbortSignal,
): Promise<Row[]> {
  return interruptible(connection, signal, async () => {
    const result = await connection.runAndReadAll(text, [...params] as DuckDBValue[]);
    return result.convertRowObjects<PlainValue>(toPlainValue) as Row[];
  });
}

function toConfig({ memoryLimit, threads, tempDirectory }: DuckDbOptions): Record<string, string> {
  return {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    ...(memoryLimit === undefined ? {} : { memory_limit: memoryLimit }),
    ...(threads === undefined ? {} : { threads: String(threads) }),
    ...(tempDirectory === undefined ? {} : { temp_directory: tempDirectory }),
  };
}

/** In this order: folders cannot be allowed any more once access is off, and nothing can be changed once the configuration is locked. */
async function lockDown(instance: DuckDBInstance, directories: readonly string[]): Promise<void> {
  const connection = await instance.connect();
  try {
    await connection.run("set global TimeZone = 'UTC'");
    if (directories.length > 0) {
      const list = directories.map((directory) => `'${directory.replaceAll("'", "''")}'`);
      await connection.run(`set global allowed_directories = [${list.join(", ")}]`);
    }
    await connection.run("set global enable_external_access = false");
    await connection.run("set global lock_configuration = true");
  } finally {
    connection.closeSync();
  }
}

function toObjects(names: readonly string[], rows: readonly (readonly PlainValue[])[]): object[] {
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

const INTERRUPT_EVERY_MS = 20;

/** Rejects with the signal's reason once it aborts and the statement has ended. */
async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  if (signal === undefined) return run();
  signal.throwIfAborted();
  let repetition: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection.interrupt();
    // An interruption between the preparation and the execution is forgotten by DuckDB.
    repetition = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  };
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    const result = await run();
    signal.throwIfAborted();
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
    clearInterval(repetition);
  }
}
