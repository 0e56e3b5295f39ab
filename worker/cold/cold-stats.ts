import type { StatsQuery } from "../../contract/stats-query.ts";
import type { StatsReading, StatsRow } from "../../contract/stats-row.ts";
import { duckDbDialect } from "../../sql/duckdb/dialect.ts";
import type { SourceName } from "../../sql/source.ts";
import { compileRows } from "../../sql/stats/compile-rows.ts";
import { retentionRange } from "../../sql/stats/retention.ts";
import { queryOn } from "../duckdb/database.ts";
import { type ColdDeps, FloorMovedError, filesBetween } from "./cold-deps.ts";
import { loadHotSlice } from "./hot-slice.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { quote, relationOf } from "./parquet-files.ts";
import { withColdFiles } from "./with-cold-files.ts";

/** The events that a question is about; without a start, from the first one on. */
export function eventRangeOf(query: StatsQuery): {
  readonly fromMs: number | undefined;
  readonly toMs: number;
} {
  // Who is new is known only from all that was before.
  if (query.kind === "retention") {
    return { fromMs: undefined, toMs: retentionRange(query).periodsEndMs };
  }
  return { fromMs: Date.parse(query.from), toMs: Date.parse(query.to) };
}

/**
 * Answers from files and what the database has above the floor. DuckDB runs the statement that it would run over a table of its own, with the
 * union of both in the table's place; rollups are made of the files' rows on the way.
 * @param manifest as it was a moment ago.
 * @throws {FloorMovedError} when the floor is not the same any more.
 */
export async function readColdStats(
  deps: ColdDeps,
  projectId: string,
  query: StatsQuery,
  { manifest: before, signal }: { readonly manifest: Manifest; readonly signal: AbortSignal },
): Promise<StatsReading> {
  const { fromMs, toMs } = eventRangeOf(query);
  const likely = filesBetween(before.files, { fromMs, toMs });
  // Remote files are fetched first: what others ask of DuckDB meanwhile need not wait.
  return withColdFiles(
    deps.store,
    likely,
    () => answer(deps, projectId, query, { before, signal }),
    signal,
  );
}

async function answer(
  { sql, store, pool, maxSliceRows }: ColdDeps,
  projectId: string,
  query: StatsQuery,
  { before, signal }: { readonly before: Manifest; readonly signal: AbortSignal },
): Promise<StatsReading> {
  const { fromMs, toMs } = eventRangeOf(query);
  const floorMs = before.floorMs ?? Number.NEGATIVE_INFINITY;
  const source = sourceOf(query, projectId);
  return pool.withConnection(signal, async (connection) => {
    const hotFromMs = Math.max(floorMs, fromMs ?? floorMs);
    const hot =
      toMs <= floorMs
        ? { manifest: await readManifest(sql, projectId), relation: undefined }
        : await loadHotSlice(
            sql,
            connection,
            { projectId, query, source, fromMs: hotFromMs, toMs, maxRows: maxSliceRows },
            signal,
          );
    const { manifest } = hot;
    if (manifest.floorMs !== before.floorMs) throw new FloorMovedError();
    const files = filesBetween(manifest.files, { fromMs, toMs });
    const rows = await withColdFiles(
      store,
      files,
      (paths) => {
        const cold = coldRelation(source, paths, { fromMs, toMs });
        const relations = hot.relation === undefined ? [cold] : [cold, hot.relation];
        const union = relations.map((relation) => `from ${relation}`).join(" union all by name ");
        const dialect = { ...duckDbDialect, relation: () => `(${union}) as ${source}` };
        return queryOn<StatsRow>(connection, compileRows(query, projectId, dialect), signal);
      },
      signal,
    );
    const { asOf } = manifest;
    return { rows, asOf, sources: hot.relation === undefined ? ["cold"] : ["cold", source] };
  });
}

function sourceOf(query: StatsQuery, projectId: string): SourceName {
  const [source] = compileRows(query, projectId, duckDbDialect).sources;
  return source === "events_hourly" || source === "user_days" ? source : "events";
}

/** A source as made from files. The range is asked for below the grouping, where it lets DuckDB leave out what it need not read. */
function coldRelation(
  source: SourceName,
  paths: readonly string[],
  range: { readonly fromMs: number | undefined; readonly toMs: number },
): string {
  const from = range.fromMs === undefined ? "" : `occurred_at >= ${timestamp(range.fromMs)} and `;
  const rows = `${relationOf(paths)} where ${from}occurred_at < ${timestamp(range.toMs)}`;
  switch (source) {
    case "events":
      return `(from ${rows})`;
    case "events_hourly":
      return `(select project_id, date_trunc('hour', occurred_at) as bucket, event_type, count(*) as events from ${rows} group by all)`;
    case "user_days":
      return `(select project_id, date_trunc('day', occurred_at) as bucket, event_type, user_id, count(*) as events from ${rows} group by all)`;
  }
}

function timestamp(epochMs: number): string {
  return `${quote(new Date(epochMs).toISOString())}::timestamp`;
}
