import postgres from "postgres";
import { type Answer, ask } from "./answer.ts";
import { askHttp, type HttpReply } from "./ask-http.ts";
import type { ClockReading } from "./clock.ts";

export type DatabaseFacts = {
  readonly version: string;
  readonly versionNumber: number;
  readonly isWasm: boolean;
  /** Undefined where there is no TimescaleDB. */
  readonly timescale: string | undefined;
  readonly edition: "community" | "apache" | "none";
  readonly user: string;
  readonly isSuperuser: boolean;
  readonly isReadOnly: boolean;
  /** Undefined before the worker has made the table. */
  readonly mayWrite: boolean | undefined;
  readonly mayRead: boolean | undefined;
  readonly isHypertable: boolean;
  /** Of `events_hourly` and `user_days`, how many are continuous aggregates. */
  readonly aggregates: number;
  readonly connections: number;
  readonly maxConnections: number;
  readonly bytes: number;
  readonly clock: ClockReading;
};

const TIMEOUT_MS = 2_500;

type Row = {
  version: string;
  version_number: number;
  timescale: string | null;
  license: string | null;
  user: string;
  is_superuser: boolean;
  is_read_only: boolean;
  may_write: boolean | null;
  may_read: boolean | null;
  connections: number;
  max_connections: number;
  bytes: string;
  now_ms: string;
};

/** PostgreSQL itself. Changes nothing. */
export async function lookAtDatabase(url: URL): Promise<Answer<DatabaseFacts>> {
  const sql = postgres(url.href, {
    max: 1,
    connect_timeout: TIMEOUT_MS / 1_000,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: "sluice-doctor" },
  });
  const answer = await ask(TIMEOUT_MS, () => readFacts(sql));
  void sql.end({ timeout: 0 }).catch(() => {});
  return answer;
}

async function readFacts(sql: postgres.Sql): Promise<DatabaseFacts> {
  // The first statement opens the connection; the clock is asked on an open one.
  await sql`select 1`;
  const sentMs = Date.now();
  const [row] = await sql<Row[]>`
    select
      version(),
      current_setting('server_version_num')::int as version_number,
      (select extversion from pg_extension where extname = 'timescaledb') as timescale,
      current_setting('timescaledb.license', true) as license,
      current_user as user,
      (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
      pg_is_in_recovery() as is_read_only,
      has_table_privilege(to_regclass('events')::oid, 'insert, update, delete, truncate') as may_write,
      has_table_privilege(to_regclass('events')::oid, 'select') as may_read,
      (select sum(numbackends)::int from pg_stat_database) as connections,
      current_setting('max_connections')::int as max_connections,
      pg_database_size(current_database()) as bytes,
      extract(epoch from clock_timestamp()) * 1000 as now_ms`;
  const receivedMs = Date.now();
  if (row === undefined) throw new Error("it answered no row");
  const nowMs = Number(row.now_ms);
  const edition =
    row.timescale === null ? "none" : row.license === "timescale" ? "community" : "apache";
  return {
    version: /^PostgreSQL ([\d.]+)/.exec(row.version)?.[1] ?? row.version,
    versionNumber: row.version_number,
    isWasm: /emcc|emscripten|wasm/i.test(row.version),
    timescale: row.timescale ?? undefined,
    edition,
    user: row.user,
    isSuperuser: row.is_superuser,
    isReadOnly: row.is_read_only,
    mayWrite: row.may_write ?? undefined,
    mayRead: row.may_read ?? undefined,
    ...(edition === "none" ? { isHypertable: false, aggregates: 0 } : await readTimescale(sql)),
    connections: row.connections,
    maxConnections: row.max_connections,
    bytes: Number(row.bytes),
    clock: { fromMs: nowMs, toMs: nowMs, sentMs, receivedMs },
  };
}

async function readTimescale(sql: postgres.Sql) {
  const [row] = await sql<{ is_hypertable: boolean; aggregates: number }[]>`
    select
      exists (
        select from timescaledb_information.hypertables where hypertable_name = 'events'
      ) as is_hypertable,
      (
        select count(*)::int from timescaledb_information.continuous_aggregates
        where view_name in ('events_hourly', 'user_days')
      ) as aggregates`;
  return { isHypertable: row?.is_hypertable === true, aggregates: row?.aggregates ?? 0 };
}

/** The database through Neon's HTTP, as the edge asks it. */
export function lookAtDatabaseHttp(endpoint: URL, database: URL): Promise<Answer<HttpReply>> {
  return askHttp(endpoint, TIMEOUT_MS, {
    method: "POST",
    headers: { "neon-connection-string": database.href },
    body: { query: "select 1", params: [] },
  });
}

/** ClickHouse, by its HTTP. */
export function lookAtClickHouse(
  url: URL,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<Answer<HttpReply>> {
  const question = new URL(url);
  question.searchParams.set("query", "select version(), toUnixTimestamp64Milli(now64(3))");
  return askHttp(question, TIMEOUT_MS, {
    headers: { "x-clickhouse-user": user, "x-clickhouse-key": password },
  });
}
