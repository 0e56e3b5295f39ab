import type { DuckDBConnection } from "@duckdb/node-api";
import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import type { Sql } from "../timescale/database.ts";
import type { Draft } from "./archive-draft.ts";
import {
  type HotFacts,
  type HotRange,
  type PartitionCount,
  readHotFacts,
  readProjectRows,
  readRowsOfProjects,
} from "./hot-rows.ts";
import type { ColdFile } from "./manifest.ts";
import type { ObjectStore } from "./object-store.ts";
import { createFileMaker, type FileStep, quote } from "./parquet-files.ts";
import { rangeOfMonth } from "./partition.ts";
import { clearStaging, STAGED, stageRows, withStaging } from "./staging.ts";

export type DraftDeps = {
  readonly sql: Sql;
  readonly store: ObjectStore;
  readonly pool: ConnectionPool;
  /** In memory while a file is made. */
  readonly maxFileRows: number;
  readonly onStep: (step: FileStep | "rows-staged") => void | Promise<void>;
  readonly signal: AbortSignal;
};

/** Files of one month and of one or several projects. A partition whose rows changed while they were read is left out. */
export async function makeDrafts(
  deps: DraftDeps,
  group: readonly PartitionCount[],
  range: HotRange,
): Promise<readonly Omit<Draft, "erasureMark">[]> {
  const [first] = group;
  if (first === undefined) return [];
  const within = clipToMonth(range, first.month);
  const files = await withStaging(deps.pool, deps.signal, (connection) =>
    group.length === 1
      ? makeFilesOfOne(deps, connection, first, within)
      : makeFilesOfSeveral(deps, connection, group, within),
  );
  const projectIds = group.map(({ projectId }) => projectId);
  const facts = await readHotFacts(deps.sql, projectIds, within);
  const drafts: Omit<Draft, "erasureMark">[] = [];
  for (const count of group) {
    const own = files.filter(({ projectId }) => projectId === count.projectId);
    const known = facts.get(count.projectId);
    if (known !== undefined && areSame(known, own)) {
      drafts.push({ count: { ...count, events: known.events }, files: own });
    } else {
      for (const { path } of own) await deps.store.remove(path).catch(() => {});
    }
  }
  return drafts;
}

async function makeFilesOfOne(
  { sql, store, maxFileRows, onStep, signal }: DraftDeps,
  connection: DuckDBConnection,
  { projectId, month }: PartitionCount,
  range: HotRange,
): Promise<ColdFile[]> {
  const maker = createFileMaker(store, onStep);
  const files: ColdFile[] = [];
  let staged = 0;
  const flush = async () => {
    await onStep("rows-staged");
    const file = await maker.make(connection, { projectId, month }, STAGED);
    if (file !== undefined) files.push(file);
    await clearStaging(connection);
    staged = 0;
  };
  for await (const rows of readProjectRows(sql, projectId, range)) {
    signal.throwIfAborted();
    await stageRows(connection, rows);
    staged += rows.length;
    if (staged >= maxFileRows) await flush();
  }
  if (staged > 0) await flush();
  return files;
}

async function makeFilesOfSeveral(
  { sql, store, onStep }: DraftDeps,
  connection: DuckDBConnection,
  group: readonly PartitionCount[],
  range: HotRange,
): Promise<ColdFile[]> {
  const maker = createFileMaker(store, onStep);
  const projectIds = group.map(({ projectId }) => projectId);
  await stageRows(connection, await readRowsOfProjects(sql, projectIds, range));
  await onStep("rows-staged");
  const files: ColdFile[] = [];
  for (const { projectId, month } of group) {
    const own = `(from ${STAGED} where project_id = ${quote(projectId)})`;
    const file = await maker.make(connection, { projectId, month }, own);
    if (file !== undefined) files.push(file);
  }
  return files;
}

/** Large partitions alone, small ones of a month together. */
export function groupCounts(
  counts: readonly PartitionCount[],
  groupRows: number,
): PartitionCount[][] {
  const groups: PartitionCount[][] = [];
  let open: PartitionCount[] = [];
  let rows = 0;
  for (const count of counts) {
    if (count.events >= groupRows) {
      groups.push([count]);
      continue;
    }
    const isFull = rows + count.events > groupRows || open[0]?.month !== count.month;
    if (open.length === 0 || isFull) {
      open = [];
      rows = 0;
      groups.push(open);
    }
    open.push(count);
    rows += count.events;
  }
  return groups;
}

/** Whether files hold exactly what the database says it has. */
function areSame(known: HotFacts, files: readonly ColdFile[]): boolean {
  const checksum = files.reduce((sum, file) => sum + BigInt(file.checksum), 0n);
  const minima = files.map(({ minOccurredAt }) => minOccurredAt).sort();
  const maxima = files.map(({ maxOccurredAt }) => maxOccurredAt).sort();
  return (
    known.events === files.reduce((sum, file) => sum + file.events, 0) &&
    known.checksum === String(checksum) &&
    known.minOccurredAt === minima[0] &&
    known.maxOccurredAt === maxima.at(-1)
  );
}

function clipToMonth({ fromMs, toMs }: HotRange, month: string): HotRange {
  const whole = rangeOfMonth(month);
  return {
    fromMs: Math.max(whole.fromMs, fromMs ?? whole.fromMs),
    toMs: Math.min(whole.toMs, toMs),
  };
}
