import type { EventRow } from "../event-row.ts";
import type { Logger } from "../logger.ts";
import type { StoreMeter } from "../metrics/store-metrics.ts";
import { pause } from "../pause.ts";
import { retryDelayMs } from "../retry-delay.ts";
import { FIRST_REFRESH_LOCK, LOCK_CLASS } from "./advisory-locks.ts";
import { type Aggregate, DAY_MS, floorTo, refreshLimitMs } from "./aggregates.ts";
import type { Executor, ReservedSql, Sql } from "./database.ts";
import { createLateDayLog, type LateDays } from "./late-days.ts";
import {
  aboveFloor,
  adaptPieceMs,
  FIRST_PIECE_MS,
  firstPiece,
  lateWindows,
  tailWindow,
  type Window,
} from "./refresh-windows.ts";
import { withSession } from "./with-session.ts";

/** Workers' clocks may differ by this much. */
const CLOCK_SKEW_MS = 60_000;
/**
 * While more late rows arrive, refreshing rests three times as long as it worked: an import gets most of the machine, and days that
 * are still being filled are not computed again and again. Once none has arrived for a moment the rest is over.
 */
const REST_FACTOR = 3;
const MAX_REST_MS = 20_000;
const CALM_AFTER_MS = 750;
const BUSY_RETRY_MS = 200;
/** A refresh goes on piece by piece, each of some 0.4 s, and a whole history of them may be under way. */
const LOCK_TIMEOUT_MS = 30_000;
/**
 * A read takes what lies above the watermark from raw rows, about a millisecond for each thousand. So an import into an empty database
 * moves the watermark on whenever it has stored so many.
 */
const MAX_TAIL_ROWS = 20_000;
/** How soon rows that need no refresh stop counting as invisible. */
const CHECK_MS = 500;

/**
 * Keeps continuous aggregates fresh. Above the watermark, the end of the last bucket that a refresh computed, they are answered from
 * raw rows; below it a row shows only after a refresh of its bucket. So what must stay true is: each row committed below the
 * watermark is refreshed soon by the worker that wrote it, or, if that worker died, by the next repair of any worker.
 *
 * Whether a row lies below the watermark is decided under the same advisory lock under which refreshes move it: a refresh that began
 * before the row's commit may still be about to move it.
 */
export type Refresher = {
  /** To be called after each commit and before the acknowledgement. */
  note(rows: readonly EventRow[]): void;
  /** The stream time of the oldest committed row that may be invisible in some aggregate. */
  readonly oldestInvisibleMs: number | undefined;
  /** Whether everything that earlier workers left below the watermark has been refreshed since this one started. */
  readonly isRepaired: boolean;
  /** Refreshes these days now, as far as they are below the watermarks: rows of theirs were removed. */
  refreshDays(days: readonly number[]): Promise<void>;
  /** Brings the next repair forward. */
  requestRepair(): void;
  /** Refreshes until stopped. */
  run(stop: AbortSignal): Promise<void>;
};

export type RefresherDeps = {
  readonly sql: Sql;
  readonly aggregates: readonly Aggregate[];
  readonly repairEveryMs: number;
  /** Called after each repair with the database's time at which it began. */
  readonly onRepaired: (beganAt: Date) => Promise<void>;
  readonly meter?: Pick<StoreMeter, "refreshed" | "refreshFailed" | "repaired"> | undefined;
  readonly logger: Logger;
};

export function createRefresher(deps: RefresherDeps): Refresher {
  const { sql, meter, logger } = deps;
  const keepers = deps.aggregates.map((aggregate, index) => ({
    aggregate,
    lock: FIRST_REFRESH_LOCK + index,
    late: createLateDayLog(),
    /** Of closed buckets above the watermark: how many rows came since the last refresh of the tail, and up to which day. */
    tailRows: 0,
    tailToMs: Number.NEGATIVE_INFINITY,
    pieceMs: FIRST_PIECE_MS,
  }));
  type Keeper = (typeof keepers)[number];
  let isRepaired = false;
  let lastNotedMs = Number.NEGATIVE_INFINITY;
  let repairNow = new AbortController();

  return {
    note(rows) {
      const nowMs = Date.now();
      for (const keeper of keepers) {
        const limitMs = refreshLimitMs(keeper.aggregate, nowMs + CLOCK_SKEW_MS);
        const count = keeper.late.note(rows, limitMs);
        keeper.tailRows += count;
        if (count > 0) lastNotedMs = performance.now();
      }
    },
    get oldestInvisibleMs() {
      const times = keepers.map(({ late }) => late.oldestStoredAtMs ?? Number.POSITIVE_INFINITY);
      const oldest = Math.min(...times);
      return oldest === Number.POSITIVE_INFINITY ? undefined : oldest;
    },
    get isRepaired() {
      return isRepaired;
    },
    async refreshDays(days) {
      for (const keeper of keepers) await refreshNow(keeper, days);
    },
    requestRepair() {
      repairNow.abort();
    },
    async run(stop) {
      await Promise.all([runRepairs(stop), ...keepers.map((keeper) => runLate(keeper, stop))]);
    },
  };

  /** Late rows, at the aggregate's rhythm. After the stop one last round. */
  async function runLate(keeper: Keeper, stop: AbortSignal): Promise<void> {
    const { rhythmMs } = keeper.aggregate;
    const checkMs = Math.min(rhythmMs, CHECK_MS);
    let rhythmLeftMs = 0;
    let restLeftMs = 0;
    for (let failures = 0; ; ) {
      await pause(checkMs, stop);
      const isLastRound = stop.aborted;
      rhythmLeftMs -= checkMs;
      restLeftMs -= checkMs;
      if (keeper.late.size > 0 || keeper.tailRows > 0) {
        try {
          const isCalm = performance.now() - lastNotedMs > CALM_AFTER_MS;
          const isDue = rhythmLeftMs <= 0 && (restLeftMs <= 0 || isCalm);
          const isTailDue = isDue && (isCalm || keeper.tailRows >= MAX_TAIL_ROWS);
          const tookMs = await withLock(keeper, async (session) => {
            const beganMs = performance.now();
            const hasRefreshed = await refreshLate(keeper, session, isDue || isLastRound);
            const hasMoved =
              isTailDue && !isLastRound && (await refreshTail(keeper, session, stop));
            return hasRefreshed || hasMoved ? performance.now() - beganMs : 0;
          });
          if (tookMs !== undefined && tookMs > 0) {
            rhythmLeftMs = rhythmMs;
            restLeftMs = Math.min(MAX_REST_MS, tookMs * REST_FACTOR);
          }
          failures = 0;
        } catch (error) {
          rhythmLeftMs = Math.max(rhythmMs, retryDelayMs(failures, Math.random()));
          failures += 1;
          meter?.refreshFailed(keeper.aggregate.name);
          logger.warn({ err: error, aggregate: keeper.aggregate.name }, "refresh failed, retrying");
        }
      }
      if (isLastRound) return;
    }
  }

  /** Waits for the aggregate's lock, which another worker may hold for a while. What is not refreshed in time, the next repair will. */
  async function refreshNow(keeper: Keeper, days: readonly number[]): Promise<void> {
    const deadline = AbortSignal.timeout(LOCK_TIMEOUT_MS);
    const refresh = async (session: ReservedSql) => {
      const watermarkMs = await readWatermarkMs(session, keeper.aggregate);
      const limitMs = refreshLimitMs(keeper.aggregate, Date.now());
      for (const window of lateWindows(days, { watermarkMs, limitMs })) {
        for (let rest: Window | undefined = window; rest !== undefined; ) {
          rest = await refreshPiece(keeper, session, rest);
        }
      }
      return true;
    };
    while ((await withLock(keeper, refresh)) === undefined) {
      if (deadline.aborted) {
        repairNow.abort();
        throw new Error(`Cannot refresh ${keeper.aggregate.name}: another worker holds its lock`);
      }
      await pause(BUSY_RETRY_MS, deadline);
    }
  }

  /** Leaves the days that raw rows answer to the tail, and refreshes the others if that is due. Answers whether it refreshed. */
  async function refreshLate(
    keeper: Keeper,
    session: ReservedSql,
    isDue: boolean,
  ): Promise<boolean> {
    const limitMs = refreshLimitMs(keeper.aggregate, Date.now());
    const days = keeper.late.take();
    let open: readonly Window[] = [];
    try {
      open = [{ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }];
      const watermarkMs = await readWatermarkMs(session, keeper.aggregate);
      open = lateWindows(days.keys(), { watermarkMs, limitMs });
      for (const day of days.keys()) {
        if (day >= watermarkMs) keeper.tailToMs = Math.max(keeper.tailToMs, day + DAY_MS);
      }
      if (open.length === 0 || !isDue) return false;
      for (let [rest] = open; rest !== undefined; [rest] = open) {
        rest = await refreshPiece(keeper, session, rest);
        open = rest === undefined ? open.slice(1) : [rest, ...open.slice(1)];
      }
      return true;
    } finally {
      keeper.late.settle(daysIn(days, open));
    }
  }

  /** Moves the watermark up to where rows came, and no further: what comes above it needs no refresh to be seen. */
  async function refreshTail(
    keeper: Keeper,
    session: ReservedSql,
    stop: AbortSignal,
  ): Promise<boolean> {
    const limitMs = Math.min(keeper.tailToMs, refreshLimitMs(keeper.aggregate, Date.now()));
    keeper.tailRows = 0;
    keeper.tailToMs = Number.NEGATIVE_INFINITY;
    const oldestMs = await readOldestMs(session);
    if (oldestMs === undefined) return false;
    const watermarkMs = await readWatermarkMs(session, keeper.aggregate);
    const from = floorTo(oldestMs, keeper.aggregate.bucketMs);
    const tail = tailWindow({ oldestMs: from, watermarkMs, limitMs });
    for (let rest = tail; rest !== undefined && !stop.aborted; ) {
      rest = await refreshPiece(keeper, session, rest);
    }
    return tail !== undefined;
  }

  /** At the start, then regularly: everything, oldest first, which also moves the watermark on. */
  async function runRepairs(stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted; ) {
      try {
        const [row] = await sql<{ now: Date }[]>`select now()`;
        for (const keeper of keepers) await repair(keeper, stop);
        if (stop.aborted) return;
        for (const { aggregate } of keepers) meter?.repaired(aggregate.name);
        isRepaired = true;
        failures = 0;
        if (row !== undefined) await deps.onRepaired(row.now);
        repairNow = new AbortController();
        await pause(deps.repairEveryMs, AbortSignal.any([stop, repairNow.signal]));
      } catch (error) {
        logger.warn({ err: error }, "repair of the aggregates failed, retrying");
        await pause(retryDelayMs(failures, Math.random()), stop);
        failures += 1;
      }
    }
  }

  async function repair(keeper: Keeper, stop: AbortSignal): Promise<void> {
    const oldestMs = await readOldestMs(sql);
    if (oldestMs === undefined) return;
    const limitMs = refreshLimitMs(keeper.aggregate, Date.now());
    let rest = tailWindow({
      oldestMs: floorTo(oldestMs, keeper.aggregate.bucketMs),
      watermarkMs: Number.NEGATIVE_INFINITY,
      limitMs,
    });
    while (rest !== undefined && !stop.aborted) {
      const window: Window = rest;
      const beganMs = performance.now();
      const isDone = await withLock(keeper, async (session) => {
        rest = await refreshPiece(keeper, session, window);
        return true;
      });
      const tookMs = performance.now() - beganMs;
      await pause(isDone === true ? tookMs : BUSY_RETRY_MS, stop);
    }
  }

  /** Refreshes the first piece of a window and answers the rest. */
  async function refreshPiece(
    keeper: Keeper,
    session: ReservedSql,
    window: Window,
  ): Promise<Window | undefined> {
    // Under the aggregate's lock, which whoever drops chunks below a new floor has had in between.
    const hot = aboveFloor(window, await readFloorMs(session));
    if (hot === undefined) return undefined;
    const piece = firstPiece(hot, keeper.pieceMs, keeper.aggregate);
    const beganMs = performance.now();
    // The procedure commits in between, so it can be neither prepared with parameters everywhere nor in a transaction.
    await session
      .unsafe(
        `call refresh_continuous_aggregate('${keeper.aggregate.name}', ${literal(piece.fromMs)}, ${literal(piece.toMs)})`,
      )
      .simple();
    const tookMs = performance.now() - beganMs;
    keeper.pieceMs = adaptPieceMs(keeper.pieceMs, tookMs);
    const { name } = keeper.aggregate;
    meter?.refreshed(name, tookMs / 1_000);
    const [from, to] = [piece.fromMs, piece.toMs].map((ms) => new Date(ms).toISOString());
    logger.debug({ aggregate: name, from, to, ms: Math.round(tookMs) }, "aggregate refreshed");
    return piece.toMs < window.toMs ? { fromMs: piece.toMs, toMs: window.toMs } : undefined;
  }

  /** Undefined when another worker holds the aggregate's lock. */
  async function withLock<T>(
    keeper: Keeper,
    action: (session: ReservedSql) => Promise<T>,
  ): Promise<T | undefined> {
    return withSession(sql, async (session) => {
      const [row] = await session<{ is_locked: boolean }[]>`
        select pg_try_advisory_lock(${LOCK_CLASS}, ${keeper.lock}) as is_locked`;
      if (row?.is_locked !== true) return undefined;
      try {
        return await action(session);
      } finally {
        await session`select pg_advisory_unlock(${LOCK_CLASS}, ${keeper.lock})`;
      }
    });
  }
}

async function readWatermarkMs(sql: ReservedSql, aggregate: Aggregate): Promise<number> {
  const [row] = await sql<{ watermark_us: number }[]>`
    select _timescaledb_functions.cagg_watermark(mat_hypertable_id)::float8 as watermark_us
    from _timescaledb_catalog.continuous_agg
    where user_view_schema = current_schema() and user_view_name = ${aggregate.name}`;
  return row === undefined ? Number.NEGATIVE_INFINITY : row.watermark_us / 1_000;
}

async function readFloorMs(sql: ReservedSql): Promise<number> {
  const [row] = await sql<{ floor: Date | null }[]>`select floor from hot_floor`;
  return row?.floor?.getTime() ?? Number.NEGATIVE_INFINITY;
}

/** From the chunks' borders: the table itself has no index on time alone. */
async function readOldestMs(sql: Executor): Promise<number | undefined> {
  const [row] = await sql<{ oldest: Date | null }[]>`
    select min(range_start) as oldest
    from timescaledb_information.chunks
    where hypertable_schema = current_schema() and hypertable_name = 'events'`;
  return row?.oldest?.getTime();
}

function literal(ms: number): string {
  return `'${new Date(ms).toISOString()}'::timestamptz`;
}

function daysIn(days: LateDays, windows: readonly Window[]): LateDays {
  return new Map(
    [...days].filter(([day]) => windows.some(({ fromMs, toMs }) => day >= fromMs && day < toMs)),
  );
}
