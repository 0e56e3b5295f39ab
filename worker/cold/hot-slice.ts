import type { DuckDBConnection } from "@duckdb/node-api";
import { StatsQueryError } from "../../contract/query-parts.ts";
import type { SourceName } from "../../sql/source.ts";
import type { Sql } from "../timescale/database.ts";
import { RAW_COLUMNS, type RawRow, toStagedRow } from "./hot-rows.ts";
import { MANIFEST_SQL, type Manifest, parseManifest } from "./manifest.ts";
import { FILE_COLUMNS, quote } from "./parquet-files.ts";
import { STAGED, stageRows } from "./staging.ts";

/** Above it a question takes minutes and gigabytes: a narrower one, or a shorter hot window, is the answer. */
const MAX_ROWS = 3_000_000;
const PIECE_ROWS = 5_000;

export type SliceQuestion = {
  readonly projectId: string;
  readonly source: SourceName;
  /** Half-open. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly maxRows?: number | undefined;
};

/**
 * Copies what the database has of a source in a range into a temporary table of DuckDB. The manifest comes from the same statement, so that
 * files and rows are of one moment: an event that moved is on one side. Cancelled when the signal aborts.
 */
export async function loadHotSlice(
  sql: Sql,
  connection: DuckDBConnection,
  question: SliceQuestion,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly relation: string }> {
  const { projectId, source, fromMs, toMs, maxRows = MAX_ROWS } = question;
  const { columns, names, relation, load } = SLICES[source];
  const time = source === "events" ? "occurred_at" : "bucket";
  await connection.run(CREATE_STAGED_ROLLUP);
  const query = sql.unsafe<(RawRow & RollupRow & { manifest: string | null })[]>(
    `select manifest, ${names.map((name) => `null::text as ${name}`).join(", ")} from (${MANIFEST_SQL}) as tier
    union all
    select null, ${names.join(", ")} from (
      select ${columns}
      from ${source}
      where project_id = $1 and ${time} >= $2::timestamptz and ${time} < $3::timestamptz
      limit ${maxRows + 1}
    ) as slice`,
    [projectId, new Date(fromMs).toISOString(), new Date(Math.max(fromMs, toMs)).toISOString()],
  );
  const cancel = () => query.cancel();
  signal.throwIfAborted();
  signal.addEventListener("abort", cancel);
  let manifest: Manifest | undefined;
  let count = 0;
  try {
    for await (const piece of query.cursor(PIECE_ROWS)) {
      const rows = piece.filter((row) => {
        if (row.manifest !== null) manifest = parseManifest(row.manifest);
        return row.manifest === null;
      });
      count += rows.length;
      if (count > maxRows) throw tooManyRows(source, maxRows);
      await load(connection, rows);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
  if (manifest === undefined) throw new TypeError("Cannot read manifest: no row has it");
  return { manifest, relation: relation(projectId) };
}

type RollupRow = {
  readonly bucket: string;
  readonly event_type: string;
  readonly user_id?: string;
  readonly events: string;
};

type Slice = {
  /** As PostgreSQL selects them, all of them text. */
  readonly columns: string;
  readonly names: readonly string[];
  /** What stands in `from` once it is loaded. */
  readonly relation: (projectId: string) => string;
  readonly load: (
    connection: DuckDBConnection,
    rows: readonly (RawRow & RollupRow)[],
  ) => Promise<void>;
};

const BUCKET = "(bucket at time zone 'UTC')::text as bucket";

const SLICES: Readonly<Record<SourceName, Slice>> = {
  events: {
    columns: RAW_COLUMNS,
    names: FILE_COLUMNS.split(", "),
    relation: () => `(select ${FILE_COLUMNS} from ${STAGED})`,
    load: (connection, rows) => stageRows(connection, rows.map(toStagedRow)),
  },
  user_days: {
    columns: `${BUCKET}, event_type, user_id, events::text as events`,
    names: ["bucket", "event_type", "user_id", "events"],
    relation: (projectId) =>
      `(select ${quote(projectId)} as project_id, bucket::timestamp as bucket, event_type, user_id, events from staged_rollup)`,
    load: stageRollup,
  },
  events_hourly: {
    columns: `${BUCKET}, event_type, events::text as events`,
    names: ["bucket", "event_type", "events"],
    relation: (projectId) =>
      `(select ${quote(projectId)} as project_id, bucket::timestamp as bucket, event_type, events from staged_rollup)`,
    load: stageRollup,
  },
};

const CREATE_STAGED_ROLLUP = `
  create or replace temp table staged_rollup (bucket varchar, event_type varchar, user_id varchar, events bigint)`;

async function stageRollup(
  connection: DuckDBConnection,
  rows: readonly RollupRow[],
): Promise<void> {
  const appender = await connection.createAppender("staged_rollup", undefined, "temp");
  for (const { bucket, event_type, user_id, events } of rows) {
    appender.appendVarchar(bucket);
    appender.appendVarchar(event_type);
    if (user_id === undefined) appender.appendNull();
    else appender.appendVarchar(user_id);
    appender.appendBigInt(BigInt(events));
    appender.endRow();
  }
  appender.closeSync();
}

function tooManyRows(source: SourceName, maxRows: number): StatsQueryError {
  const detail = `needs more than ${maxRows} rows of ${source} from the hot tier beside the cold one: ask for a range on one side of the border, or for less of it`;
  return new StatsQueryError([{ pointer: "/from", detail }]);
}
