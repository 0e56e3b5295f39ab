import { FIRST_REFRESH_LOCK, LOCK_CLASS } from "../timescale/advisory-locks.ts";
import type { Sql } from "../timescale/database.ts";
import { areOlderSnapshotsGone } from "../timescale/older-snapshots.ts";
import { withSession } from "../timescale/with-session.ts";

/** Longer than any read may take. What is still open then, such as a dump, is waited for by the next run. */
const SNAPSHOT_TIMEOUT_MS = 30_000;
const PIECE_ROWS = 20_000;
/** `events_hourly` and `user_days`. */
const AGGREGATES = 2;

export type ClearStep = "hot-partly-cleared" | "hot-cleared";

export type ClearOptions = {
  readonly signal?: AbortSignal;
  readonly snapshotTimeoutMs?: number;
  readonly onStep?: (step: ClearStep) => void | Promise<void>;
};

/**
 * Removes from the table what the manifest has, so that nobody misses it: rows below the floor are read by nobody who knows the floor.
 * Before a chunk is dropped, whoever might not know it must be gone: statements with an older snapshot, which see a dropped chunk vanish,
 * and refreshes of an aggregate that began below it, which would delete history. May be called at any time; answers whether all is clear.
 */
export async function clearHot(sql: Sql, options: ClearOptions = {}): Promise<boolean> {
  const { onStep = () => {}, snapshotTimeoutMs = SNAPSHOT_TIMEOUT_MS } = options;
  const [tier] = await sql<{ floor: Date | null; cleared_to: Date | null; xid: string }[]>`
    select floor, cleared_to, pg_current_xact_id()::xid::text as xid from cold_tier`;
  if (!tier?.floor || tier.cleared_to?.getTime() === tier.floor.getTime()) return true;
  const timeout = AbortSignal.timeout(snapshotTimeoutMs);
  const deadline =
    options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  if (!(await areOlderSnapshotsGone(sql, tier.xid, deadline))) return false;
  await waitForRefreshes(sql);
  if (await isHypertable(sql)) {
    await sql`select count(*) from drop_chunks('events', older_than => ${tier.floor})`;
  } else {
    await deleteRows(sql, tier, () => onStep("hot-partly-cleared"));
  }
  await onStep("hot-cleared");
  await sql`
    update cold_tier set cleared_to = ${tier.floor}
    where cleared_to is null or cleared_to < ${tier.floor}`;
  return true;
}

/** A refresh reads the floor once it has its aggregate's lock; one that had it before is over when we have had it. */
function waitForRefreshes(sql: Sql): Promise<void> {
  return withSession(sql, async (session) => {
    for (let lock = FIRST_REFRESH_LOCK; lock < FIRST_REFRESH_LOCK + AGGREGATES; lock += 1) {
      await session`select pg_advisory_lock(${LOCK_CLASS}, ${lock})`;
      await session`select pg_advisory_unlock(${LOCK_CLASS}, ${lock})`;
    }
  });
}

async function isHypertable(sql: Sql): Promise<boolean> {
  const [extension] = await sql<{ is_there: boolean }[]>`
    select to_regclass('timescaledb_information.hypertables') is not null as is_there`;
  if (extension?.is_there !== true) return false;
  const [table] = await sql<{ is_there: boolean }[]>`
    select exists (
      select from timescaledb_information.hypertables
      where hypertable_schema = current_schema() and hypertable_name = 'events'
    ) as is_there`;
  return table?.is_there === true;
}

/** Without chunks: project by project, as the index goes, in pieces that hold no lock for long. */
async function deleteRows(
  sql: Sql,
  { floor, cleared_to }: { readonly floor: Date | null; readonly cleared_to: Date | null },
  onPiece: () => void | Promise<void>,
): Promise<void> {
  const from = cleared_to === null ? "-infinity" : cleared_to.toISOString();
  const to = floor?.toISOString() ?? "-infinity";
  const projects = await sql<{ project_id: string }[]>`
    select distinct project_id from cold_partitions order by project_id`;
  for (const { project_id } of projects) {
    for (;;) {
      const { count } = await sql`
        delete from events
        where ctid = any(array(
          select ctid from events
          where
            project_id = ${project_id} and occurred_at >= ${from}::timestamptz and occurred_at < ${to}::timestamptz
          limit ${PIECE_ROWS}
        ))`;
      if (count > 0) await onPiece();
      if (count < PIECE_ROWS) break;
    }
  }
}
