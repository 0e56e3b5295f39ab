import type { DuckDBConnection } from "@duckdb/node-api";
import type { TransactionSql } from "postgres";
import type { ArchiveReport } from "../../contract/archive-report.ts";
import { formatInstant } from "../../contract/time-buckets.ts";
import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import type { Logger } from "../logger.ts";
import { FLOOR_LOCK, LOCK_CLASS } from "../timescale/advisory-locks.ts";
import type { ReservedSql, Sql } from "../timescale/database.ts";
import { halveStep, nextFloorMs, targetFloorMs } from "./archive-steps.ts";
import { clearHot } from "./clear-hot.ts";
import {
  countHotRows,
  type HotFacts,
  type HotRange,
  type PartitionCount,
  readHotFacts,
  readProjectRows,
  readRowsOfProjects,
} from "./hot-rows.ts";
import { addFiles, type ColdFile, readFloorMs } from "./manifest.ts";
import type { ObjectStore } from "./object-store.ts";
import { createFileMaker, quote } from "./parquet-files.ts";
import { startOfMonth } from "./partition.ts";
import { clearStaging, STAGED, stageRows, withStaging } from "./staging.ts";
import { withSession } from "./with-session.ts";

/** Where a run can be watched, and ended by a test. */
export const ARCHIVE_STEPS = [
  "planned",
  "rows-staged",
  "file-written",
  "file-put",
  "file-verified",
  "files-ready",
  "floor-locked",
  "manifest-written",
  "floor-moved",
  "hot-partly-cleared",
  "hot-cleared",
] as const;
export type ArchiveStep = (typeof ARCHIVE_STEPS)[number];

export type ArchiverDeps = {
  readonly sql: Sql;
  readonly store: ObjectStore;
  readonly pool: ConnectionPool;
  readonly logger: Logger;
  readonly onStep?: ((step: ArchiveStep) => void | Promise<void>) | undefined;
  readonly limits?: ArchiveLimits | undefined;
};

export type ArchiveLimits = {
  /** In memory while a file is made. */
  readonly maxFileRows: number;
  /** Projects with fewer rows are read together, up to so many rows. */
  readonly groupRows: number;
};

export type ArchiveOptions = {
  readonly olderThanMs: number;
  readonly isDryRun: boolean;
  readonly nowMs: number;
  readonly signal: AbortSignal;
};

/** A file's rows take some 200 MB at 300 bytes an event. */
const DEFAULT_LIMITS: ArchiveLimits = { maxFileRows: 500_000, groupRows: 20_000 };
/** Rows that come in while files are made send those files' partitions round again: so often for a step, then for a smaller one. */
const OPEN_ROUNDS = 2;
/** For a step of one day that still fails, writers wait. Then only an erasure can send it round again. */
const LOCKED_ROUNDS = 5;
/** Far longer than a batch takes. Who waits for the floor's lock alone makes all writers wait: better none for a transaction that hangs. */
const LOCK_TIMEOUT = "10s";

/** A partition's rows below the next floor, in files that no manifest names yet. */
type Draft = {
  readonly count: PartitionCount;
  readonly files: readonly ColdFile[];
  /** The project's, before its rows were read: with every erasure there is another. */
  readonly erasureMark: string;
};

/**
 * Moves whole days from the table to files. Not to be run by two at once; if it is, one of them finds the floor moved and starts over.
 *
 * A step: count and read the rows between the floor and the next one → files, each read back and compared → one transaction, alone with
 * the floor: nothing came in meanwhile, files into the manifest, floor moved → rows out of the table. Ended anywhere before the commit
 * it leaves files that nobody knows; after it, rows that nobody reads. The next run, or the collection of garbage, removes both.
 */
export async function archive(deps: ArchiverDeps, options: ArchiveOptions): Promise<ArchiveReport> {
  const { sql, logger, onStep = () => {}, limits = DEFAULT_LIMITS } = deps;
  const { isDryRun, signal } = options;
  const beganMs = performance.now();
  const targetMs = targetFloorMs(options.nowMs, options.olderThanMs);
  const floorBeforeMs = await readFloorMs(sql);
  let floorMs = floorBeforeMs;
  if (!isDryRun) await clearHot(sql, { onStep, signal });

  const planned =
    floorMs !== undefined && floorMs >= targetMs
      ? []
      : await countHotRows(sql, { fromMs: floorMs, toMs: targetMs });
  await onStep("planned");
  if (isDryRun) return toReport(planned.map((count) => ({ count, files: undefined })));

  const months = new Set(planned.map(({ month }) => month));
  const done: Draft[] = [];
  for (;;) {
    const nextMs = nextFloorMs(months, { floorMs, targetMs });
    if (nextMs === undefined) break;
    const { toMs, drafts } = await takeStep({ fromMs: floorMs, toMs: nextMs });
    floorMs = toMs;
    done.push(...drafts);
    const events = sumOf(drafts.map(({ count }) => count.events));
    logger.info({ floor: formatInstant(toMs), events }, "floor of the hot tier moved");
  }
  const isCleared = await clearHot(sql, { onStep, signal });
  if (!isCleared) logger.warn({}, "archived rows stay in the table: an old snapshot is still open");
  return toReport(done, isCleared);

  /** Moves the floor once, to the end of the range or, if rows keep coming in, less far. */
  async function takeStep(range: HotRange): Promise<{ toMs: number; drafts: readonly Draft[] }> {
    const drafts = new Map<string, Draft>();
    const { fromMs } = range;
    let { toMs } = range;
    let months: readonly string[] = [];
    for (let round = 1; ; round += 1) {
      const isLocked = round > OPEN_ROUNDS;
      if (isLocked ? await withFloorLocked(sql, attempt) : await attempt()) {
        await onStep("floor-moved");
        return { toMs, drafts: [...drafts.values()] };
      }
      if ((await readFloorMs(sql)) !== fromMs) {
        await discard([...drafts.keys()]);
        throw new ArchiveError("another archiver moved the floor");
      }
      if (round < OPEN_ROUNDS) continue;
      const startMs = Math.max(fromMs ?? 0, Date.parse(`${months[0] ?? "1970-01"}-01`));
      const halfMs = halveStep(startMs, toMs);
      if (halfMs < toMs) {
        // Files hold all of the longer step.
        await discard([...drafts.keys()]);
        toMs = halfMs;
        round = 0;
      } else if (round >= OPEN_ROUNDS + LOCKED_ROUNDS) {
        await discard([...drafts.keys()]);
        throw new ArchiveError("what is read of the table is not what the table says it has");
      }
    }

    /** @param session that holds the floor's lock, if one does. */
    async function attempt(session?: ReservedSql): Promise<boolean> {
      signal.throwIfAborted();
      const marks = await readErasureMarks(sql);
      const counts = await countHotRows(sql, { fromMs, toMs });
      months = counts.map(({ month }) => month);
      await discard(findStale(drafts, counts, marks));
      const missing = counts.filter((count) => !drafts.has(keyOf(count)));
      for (const group of groupCounts(missing, limits.groupRows)) {
        signal.throwIfAborted();
        for (const { count, files } of await makeDrafts(group, { fromMs, toMs })) {
          const erasureMark = marks.get(count.projectId) ?? NEVER_ERASED;
          drafts.set(keyOf(count), { count, files, erasureMark });
        }
      }
      await onStep("files-ready");
      const made = [...drafts.values()];
      const move = (transaction: Transaction) => moveFloor(transaction, { fromMs, toMs }, made);
      return session === undefined ? sql.begin(move) : inTransaction(session, move);
    }

    async function discard(keys: readonly string[]): Promise<void> {
      for (const key of keys) {
        const files = drafts.get(key)?.files ?? [];
        drafts.delete(key);
        // What cannot be removed now is collected as garbage later.
        for (const { path } of files) await deps.store.remove(path).catch(() => {});
      }
    }
  }

  /** Files of one month and of one or several projects. One whose rows changed while they were read is left out. */
  async function makeDrafts(
    group: readonly PartitionCount[],
    range: HotRange,
  ): Promise<readonly Omit<Draft, "erasureMark">[]> {
    const within = clipToMonth(range, group[0]?.month ?? "");
    const projectIds = group.map(({ projectId }) => projectId);
    const files = await withStaging(deps.pool, signal, async (connection) =>
      group.length === 1
        ? makeFilesOfOne(connection, group[0], within)
        : makeFilesOfSeveral(connection, group, within),
    );
    const facts = await readHotFacts(sql, projectIds, within);
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
    connection: DuckDBConnection,
    key: PartitionCount | undefined,
    range: HotRange,
  ): Promise<ColdFile[]> {
    if (key === undefined) return [];
    const maker = createFileMaker(deps.store, onStep);
    const files: ColdFile[] = [];
    let staged = 0;
    const flush = async () => {
      await onStep("rows-staged");
      const file = await maker.make(connection, toKey(key), STAGED);
      if (file !== undefined) files.push(file);
      await clearStaging(connection);
      staged = 0;
    };
    for await (const rows of readProjectRows(sql, key.projectId, range)) {
      signal.throwIfAborted();
      await stageRows(connection, rows);
      staged += rows.length;
      if (staged >= limits.maxFileRows) await flush();
    }
    if (staged > 0) await flush();
    return files;
  }

  async function makeFilesOfSeveral(
    connection: DuckDBConnection,
    keys: readonly PartitionCount[],
    range: HotRange,
  ): Promise<ColdFile[]> {
    const maker = createFileMaker(deps.store, onStep);
    const projectIds = keys.map(({ projectId }) => projectId);
    await stageRows(connection, await readRowsOfProjects(sql, projectIds, range));
    await onStep("rows-staged");
    const files: ColdFile[] = [];
    for (const key of keys) {
      const own = `(from ${STAGED} where project_id = ${quote(key.projectId)})`;
      const file = await maker.make(connection, toKey(key), own);
      if (file !== undefined) files.push(file);
    }
    return files;
  }

  /** The one moment at which events change their place. Answers whether it came. */
  async function moveFloor(
    transaction: Transaction,
    { fromMs, toMs }: HotRange,
    drafts: readonly Draft[],
  ): Promise<boolean> {
    await transaction`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`;
    await transaction`select pg_advisory_xact_lock(${LOCK_CLASS}, ${FLOOR_LOCK})`;
    await onStep("floor-locked");
    const [tier] = await transaction<{ floor: Date | null }[]>`select floor from cold_tier`;
    if (tier?.floor?.getTime() !== fromMs) return false;
    // Whoever is erased from now on waits for this transaction, and looks into its files.
    const marks = await readErasureMarks(transaction);
    // Rows only ever come in, apart from erasures: as many as were read are those that were read.
    const counts = await countHotRows(transaction, { fromMs, toMs });
    const known = new Map(drafts.map((draft) => [keyOf(draft.count), draft]));
    if (counts.length !== known.size || findStale(known, counts, marks).length > 0) return false;
    const keys = drafts.map(({ count: { projectId, month } }) => ({ projectId, month }));
    await transaction.unsafe(
      `insert into cold_partitions (project_id, month, version)
      select "projectId", month, 1
      from json_to_recordset($1::text::json) as partition("projectId" text, month text)
      on conflict (project_id, month) do update set version = cold_partitions.version + 1`,
      [JSON.stringify(keys)],
    );
    await addFiles(
      transaction,
      drafts.flatMap(({ files }) => files),
    );
    await transaction`update cold_tier set floor = ${new Date(toMs)}`;
    await onStep("manifest-written");
    return true;
  }

  function toReport(
    drafts: readonly { count: PartitionCount; files: readonly ColdFile[] | undefined }[],
    isCleared = true,
  ): ArchiveReport {
    // A month that was taken in several steps has a draft for each.
    const archived = [...Map.groupBy(drafts, ({ count }) => keyOf(count)).values()].map((own) => {
      const [first] = own;
      const files = own.flatMap((draft) => draft.files ?? []);
      return {
        project_id: first?.count.projectId ?? "",
        month: first?.count.month ?? "",
        events: sumOf(own.map(({ count }) => count.events)),
        bytes: isDryRun ? null : sumOf(files.map(({ bytes }) => bytes)),
        files: isDryRun ? null : files.length,
      };
    });
    return {
      dry_run: isDryRun,
      ran: true,
      floor_before: floorBeforeMs === undefined ? null : formatInstant(floorBeforeMs),
      floor: floorMs === undefined ? null : formatInstant(floorMs),
      target: formatInstant(targetMs),
      archived,
      events: sumOf(archived.map(({ events }) => events)),
      bytes: isDryRun ? null : sumOf(archived.map(({ bytes }) => bytes ?? 0)),
      is_cleared: isCleared,
      elapsed_ms: Math.round(performance.now() - beganMs),
    };
  }
}

export class ArchiveError extends Error {
  override readonly name = "ArchiveError";

  constructor(reason: string) {
    super(`Cannot archive: ${reason}`);
  }
}

type Transaction = Sql | ReservedSql | TransactionSql;

/** Lets no writer in until the action is over, though no transaction is open: files may be made meanwhile. */
function withFloorLocked<T>(sql: Sql, action: (session: ReservedSql) => Promise<T>): Promise<T> {
  return withSession(sql, async (session) => {
    await session`select set_config('lock_timeout', ${LOCK_TIMEOUT}, false)`;
    await session`select pg_advisory_lock(${LOCK_CLASS}, ${FLOOR_LOCK})`;
    try {
      return await action(session);
    } finally {
      await session`select pg_advisory_unlock(${LOCK_CLASS}, ${FLOOR_LOCK}), set_config('lock_timeout', '0', false)`;
    }
  });
}

async function inTransaction<T>(
  session: ReservedSql,
  action: (session: ReservedSql) => Promise<T>,
): Promise<T> {
  await session`begin`;
  try {
    const result = await action(session);
    await session`commit`;
    return result;
  } catch (error) {
    await session`rollback`.catch(() => {});
    throw error;
  }
}

/** Drafts that are not what the table has, or may hold somebody who was erased since. Counts without a draft are not among them. */
function findStale(
  drafts: ReadonlyMap<string, Draft>,
  counts: readonly PartitionCount[],
  marks: ReadonlyMap<string, string>,
): readonly string[] {
  const events = new Map(counts.map((count) => [keyOf(count), count.events]));
  return [...drafts].flatMap(([key, { count, erasureMark }]) => {
    const isErasedFrom = (marks.get(count.projectId) ?? NEVER_ERASED) !== erasureMark;
    return events.get(key) !== count.events || isErasedFrom ? [key] : [];
  });
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
    known.events === sumOf(files.map(({ events }) => events)) &&
    known.checksum === String(checksum) &&
    known.minOccurredAt === minima[0] &&
    known.maxOccurredAt === maxima.at(-1)
  );
}

function clipToMonth({ fromMs, toMs }: HotRange, month: string): HotRange {
  const start = Date.parse(`${month}-01T00:00:00Z`);
  const end = startOfMonth(start + 32 * 86_400_000);
  return { fromMs: Math.max(start, fromMs ?? start), toMs: Math.min(end, toMs) };
}

const NEVER_ERASED = "";

/** By project. */
async function readErasureMarks(sql: Pick<Sql, "unsafe">): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.unsafe<{ project_id: string; mark: string }[]>(
    "select project_id, count(*) || ' ' || sum(extract(epoch from erased_at)) as mark from erasures group by 1",
  );
  return new Map(rows.map(({ project_id, mark }) => [project_id, mark]));
}

function keyOf({ projectId, month }: PartitionCount): string {
  return `${month} ${projectId}`;
}

function toKey({ projectId, month }: PartitionCount) {
  return { projectId, month };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
