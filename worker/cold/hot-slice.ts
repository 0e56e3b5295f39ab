import type { DuckDBConnection } from "@duckdb/node-api";
import { StatsQueryError } from "../../contract/query-parts.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";
import type { SourceName } from "../../sql/source.ts";
import type { Sql } from "../timescale/database.ts";
import { compileSlice } from "./compile-slice.ts";
import { MANIFEST_SQL, type Manifest, parseManifest } from "./manifest.ts";
import { quote } from "./parquet-files.ts";

/** Above it a question takes minutes and gigabytes: a narrower one, or a shorter hot window, is the answer. */
const MAX_ROWS = 3_000_000;
const PIECE_ROWS = 5_000;

export type SliceQuestion = {
  readonly projectId: string;
  readonly query: StatsQuery;
  readonly source: SourceName;
  /** Half-open. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly maxRows?: number | undefined;
};

export type HotSlice = {
  readonly manifest: Manifest;
  /** What stands in `from`, on the connection that it was loaded to. */
  readonly relation: string;
};

/**
 * Copies what a question needs of a source in the database to a temporary table of DuckDB. The manifest comes from the same statement, so
 * that files and rows are of one moment: an event that moved is on one side. Cancelled when the signal aborts.
 */
export async function loadHotSlice(
  sql: Sql,
  connection: DuckDBConnection,
  question: SliceQuestion,
  signal: AbortSignal,
): Promise<HotSlice> {
  const { projectId, source, maxRows = MAX_ROWS } = question;
  await connection.run(`
    create or replace temp table staged_slice (
      row_time varchar, event_type varchar, user_id varchar, properties varchar, events bigint
    )`);
  const { text, params } = compileSlice(question, maxRows + 1);
  const query = sql.unsafe<SliceRow[]>(
    `select manifest, ${SLICE_COLUMNS.map((name) => `null::text as ${name}`).join(", ")}
    from (${MANIFEST_SQL}) as tier
    union all
    select null, ${SLICE_COLUMNS.join(", ")} from (${text}) as slice`,
    [...params],
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
      await appendRows(connection, rows);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
  if (manifest === undefined) throw new TypeError("Cannot read manifest: no row has it");
  return { manifest, relation: source === "events" ? asEvents(projectId) : asRollup(projectId) };
}

/** Each row as often as there are events alike. */
function asEvents(projectId: string): string {
  return `(
    select ${quote(projectId)} as project_id, row_time::timestamp as occurred_at, event_type, user_id, properties
    from (select *, unnest(range(events)) from staged_slice)
  )`;
}

function asRollup(projectId: string): string {
  return `(
    select ${quote(projectId)} as project_id, row_time::timestamp as bucket, event_type, user_id, events
    from staged_slice
  )`;
}

const SLICE_COLUMNS = ["row_time", "event_type", "user_id", "properties", "events"] as const;

/** All columns are text, and null where the question needs none; `events` is there in all rows but the one with the manifest. */
type SliceRow = Readonly<Record<(typeof SLICE_COLUMNS)[number] | "manifest", string | null>>;

async function appendRows(connection: DuckDBConnection, rows: readonly SliceRow[]): Promise<void> {
  const appender = await connection.createAppender("staged_slice", undefined, "temp");
  const appendText = (text: string | null) => {
    if (text === null) appender.appendNull();
    else appender.appendVarchar(text);
  };
  for (const row of rows) {
    appendText(row.row_time);
    appendText(row.event_type);
    appendText(row.user_id);
    appendText(row.properties);
    appender.appendBigInt(BigInt(row.events ?? 0));
    appender.endRow();
  }
  appender.closeSync();
}

function tooManyRows(source: SourceName, maxRows: number): StatsQueryError {
  const detail = `needs more than ${maxRows} rows of ${source} from the hot tier beside the cold one: ask for a range on one side of the border, or for less of it`;
  return new StatsQueryError([{ pointer: "/from", detail }]);
}
