import type { ArchiveReport } from "../../contract/archive-report.ts";
import { formatInstant } from "../../contract/time-buckets.ts";
import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import type { Logger } from "../logger.ts";
import type { ReservedSql, Sql } from "../timescale/database.ts";
import { type Draft, findStale, keyOf, NEVER_ERASED, readErasureMarks } from "./archive-draft.ts";
import { halveStep, nextFloorMs, targetFloorMs } from "./archive-steps.ts";
import { clearHot } from "./clear-hot.ts";
import { countHotRows, type HotRange, type PartitionCount } from "./hot-rows.ts";
import { groupCounts, makeDrafts } from "./make-drafts.ts";
import { type ColdFile, readFloorMs } from "./manifest.ts";
import { moveFloor, withFloorLocked } from "./move-floor.ts";
import type { ObjectStore } from "./object-store.ts";

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
  const draftDeps = { ...deps, onStep, signal, maxFileRows: limits.maxFileRows };
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
        const made = await makeDrafts(draftDeps, group, { fromMs, toMs });
        for (const { count, files } of made) {
          const erasureMark = marks.get(count.projectId) ?? NEVER_ERASED;
          drafts.set(keyOf(count), { count, files, erasureMark });
        }
      }
      await onStep("files-ready");
      const range = { fromMs, toMs };
      return moveFloor(sql, session, { range, drafts: [...drafts.values()], onStep });
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

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
