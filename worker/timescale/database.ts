import postgres from "postgres";
import { retryDelayMs } from "../retry-delay.ts";

export type Sql = postgres.Sql;
export type ReservedSql = postgres.ReservedSql;

/** A pool, a reserved connection or a transaction, as far as a statement needs it. */
export type Executor = Pick<Sql, "unsafe"> &
  (<T extends readonly object[]>(
    strings: TemplateStringsArray,
    ...values: readonly string[]
  ) => ReturnType<Sql["unsafe"]> & PromiseLike<T>);

const LONGEST_CONNECT_PAUSE_MS = 1_000;

/** The driver would read a text as a Date before it sends it, and cut its microseconds. */
const TIMES = {
  to: 1184,
  from: [1082, 1114, 1184],
  serialize: (time: string | Date) => (time instanceof Date ? time.toISOString() : time),
  parse: (text: string) => new Date(text),
};

export type DatabaseOptions = {
  /** The database ends a statement that takes longer; by default as long as the role may. */
  readonly statementTimeoutMs?: number;
};

/** Longer than any question may take, whose asker cancels it: for those whose cancellation has not arrived. */
export const READ_TIMEOUT_MS = 130_000;

/** A pool of connections, opened when first used. Whoever calls this ends it. */
export function connectDatabase(
  url: string,
  connections: number,
  { statementTimeoutMs }: DatabaseOptions = {},
): Sql {
  return postgres(url, {
    max: connections,
    connect_timeout: 10,
    // The driver counts failures over all connections and soon waits 20 s, long after the database is back.
    backoff: (failures) =>
      Math.min(LONGEST_CONNECT_PAUSE_MS, retryDelayMs(failures, Math.random())) / 1_000,
    idle_timeout: 0,
    // We use no array types: rows travel as COPY text or as array literals in text. But without this query at each connect `reserve()`
    // never resolves when it is the first to use a connection (postgres 3.4.9, `ReadyForQuery` with an `initial` that reserves).
    fetch_types: true,
    types: { date: TIMES },
    onnotice: () => {},
    connection: {
      application_name: "sluice-worker",
      TimeZone: "UTC",
      client_min_messages: "warning",
      ...(statementTimeoutMs === undefined ? {} : { statement_timeout: statementTimeoutMs }),
    },
  });
}
