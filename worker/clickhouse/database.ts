import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { QUERY_SETTINGS } from "../../sql/clickhouse/dialect.ts";
import type { Parameter } from "../../sql/parameter.ts";
import type { Statement } from "../../sql/statement.ts";
import { ClickHouseTimeoutError } from "./clickhouse-error.ts";

export type ClickHouseOptions = {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

type Row = readonly string[];
type Settings = Readonly<Record<string, string | number>>;
export type Values = Readonly<Record<string, Parameter | readonly Parameter[]>>;

/** Values by their number, `{p1:Type}`, or by name. */
type Question =
  | Pick<Statement, "text" | "params">
  | { readonly text: string; readonly values: Values };

/** A server, or any node of a cluster, over HTTP. Nothing waits without an end. */
export type ClickHouse = {
  /** Rows of a question; ClickHouse stops working on it when the signal aborts. */
  read<Row>(question: Question, signal: AbortSignal): Promise<Row[]>;
  /** What the engine itself asks: `{name:Type}` in the text is a value of that name. */
  ask<Row>(text: string, values?: Values): Promise<Row[]>;
  /** Commits rows; the answer comes after that. */
  insert(table: string, columns: readonly string[], rows: readonly Row[]): Promise<void>;
  /** DDL, deletes. */
  command(text: string, options?: CommandOptions): Promise<void>;
  close(): Promise<void>;
};

export type CommandOptions = {
  readonly values?: Values;
  readonly settings?: Settings;
  readonly timeoutMs?: number;
};

/** A healthy server takes well under a second for a batch; a connection that died silently never answers. */
const WRITE_TIMEOUT_MS = 60_000;
const COMMAND_TIMEOUT_MS = 60_000;
const ASK_TIMEOUT_MS = 10_000;

/** Far longer than an asker waits: this is for what its signal does not reach, such as a query behind a proxy. */
const MAX_READ_SECONDS = 120;

const READ_SETTINGS: Settings = {
  ...QUERY_SETTINGS,
  /** Reads only; settings may still be set. */
  readonly: "2",
  cancel_http_readonly_queries_on_client_close: 1,
  max_execution_time: MAX_READ_SECONDS,
  max_memory_usage: "4000000000",
  /** On a cluster `as_of` is a claim about a quorum: a replica that is further behind is not asked while there is a better one. */
  max_replica_delay_for_distributed_queries: "2",
  /** No answer has more; see MAX_VALUES and MAX_PAGE_EVENTS. */
  max_result_rows: "200000",
};

const INSERT_SETTINGS: Settings = {
  /** Collected inserts are acknowledged together, but nothing here sends small ones often; and 26.x collects unless told. */
  async_insert: 0,
  date_time_input_format: "best_effort",
  /** An import of years touches more months than the 100 that are allowed. */
  max_partitions_per_insert_block: 0,
  /** Whoever is acknowledged can rely on it: without these a cluster would answer before it has more than one copy. */
  insert_quorum: "auto",
  insert_quorum_timeout: "50000",
  distributed_foreground_insert: 1,
};

export function connectClickHouse(options: ClickHouseOptions): ClickHouse {
  const client = createClient({
    url: options.url,
    username: options.user,
    password: options.password,
    database: options.database,
    application: "sluice-worker",
    max_open_connections: 20,
    // Longer than the longest of the signals that end requests.
    request_timeout: 360_000,
    // Servers close idle connections after 10 s (keep_alive_timeout); whoever closes first must be the client.
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
    // Long parameters do not fit into a URL.
    use_multipart_params_auto: true,
    log: { level: ClickHouseLogLevel.OFF },
  });

  return {
    async read<Row>(question: Question, signal: AbortSignal) {
      const values = "values" in question ? question.values : toValues(question.params);
      return select<Row>(question.text, values, READ_SETTINGS, signal);
    },
    async ask<Row>(text: string, values: Values = {}) {
      return bounded("ask", ASK_TIMEOUT_MS, (signal) =>
        select<Row>(
          text,
          values,
          { ...QUERY_SETTINGS, select_sequential_consistency: "1" },
          signal,
        ),
      );
    },
    async insert(table, columns, rows) {
      await bounded("write batch", WRITE_TIMEOUT_MS, (abort_signal) =>
        client.insert({
          table,
          columns: [...columns] as [string, ...string[]],
          values: rows,
          // Of the formats that need no library the cheapest to write: 1.5 µs a row in Node, against 1.7 for JSONEachRow, which repeats
          // the names of columns, and 2.5 for TabSeparated, whose escapes JavaScript makes itself.
          format: "JSONCompactEachRow",
          clickhouse_settings: INSERT_SETTINGS,
          abort_signal,
        }),
      );
    },
    async command(text, { values = {}, settings = {}, timeoutMs = COMMAND_TIMEOUT_MS } = {}) {
      await bounded("run statement", timeoutMs, (abort_signal) =>
        client.command({
          query: text,
          query_params: values,
          clickhouse_settings: settings,
          abort_signal,
        }),
      );
    },
    close: () => client.close(),
  };

  async function select<Row>(
    query: string,
    query_params: Values,
    clickhouse_settings: Settings,
    abort_signal: AbortSignal,
  ): Promise<Row[]> {
    // The client listens for an abort, and does not look whether there was one.
    abort_signal.throwIfAborted();
    try {
      const result = await client.query({
        query,
        query_params,
        clickhouse_settings,
        abort_signal,
        format: "JSONEachRow",
      });
      return await result.json<Row>();
    } catch (error) {
      abort_signal.throwIfAborted();
      throw error;
    }
  }
}

function toValues(params: readonly Parameter[]): Values {
  return Object.fromEntries(params.map((value, index) => [`p${index + 1}`, value]));
}

async function bounded<T>(
  what: string,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await work(signal);
  } catch (cause) {
    if (signal.aborted) throw new ClickHouseTimeoutError(what, timeoutMs, { cause });
    throw cause;
  }
}
