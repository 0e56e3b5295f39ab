import { DAY_MS } from "./aggregates.ts";
import type { Sql } from "./database.ts";
import { areOlderSnapshotsGone } from "./older-snapshots.ts";

/** Long enough for any batch; a forgotten transaction of somebody else must not hold an erasure for ever. */
const BARRIER_TIMEOUT_MS = 70_000;
const PIECE_MS = 30 * DAY_MS;

export type TableErasure = {
  readonly erasedAt: Date;
  readonly removed: number;
  /** Days (their first millisecond) whose aggregates still show the user until they are refreshed. */
  readonly days: readonly number[];
};

/**
 * Removes a user's rows from the table, for good: writers drop what was received before `erasedAt` from now on. A batch whose statement
 * began before the tombstone was there may still commit such a row, so the rows are removed only once no snapshot that old is left.
 * It may be called again, and goes on where it was left.
 */
export async function eraseFromTable(
  sql: Sql,
  projectId: string,
  userId: string,
): Promise<TableErasure> {
  const [tombstone] = await sql<{ erased_at: Date; xid: string }[]>`
    insert into erasures (project_id, user_id, erased_at)
    values (${projectId}, ${userId}, clock_timestamp())
    on conflict (project_id, user_id) do update set erased_at = excluded.erased_at
    returning erased_at, pg_current_xact_id()::xid::text as xid`;
  if (tombstone === undefined) throw new TypeError("Cannot erase: no tombstone was written");
  const deadline = AbortSignal.timeout(BARRIER_TIMEOUT_MS);
  if (!(await areOlderSnapshotsGone(sql, tombstone.xid, deadline))) throw new BarrierTimeoutError();
  const days = new Set<number>();
  let removed = 0;
  for (const [from, to] of await piecesOf(sql, projectId)) {
    const rows = await sql<{ day: Date; events: number }[]>`
      with removed as (
        delete from events
        where
          project_id = ${projectId} and user_id = ${userId} and occurred_at >= ${from} and occurred_at < ${to}
          and received_at < ${tombstone.erased_at}
        returning occurred_at
      )
      select
        date_trunc('day', occurred_at, 'UTC') as day,
        -- Below the floor of a cold tier there may be copies of what is in files, and is counted there.
        (count(*) filter (where occurred_at >= coalesce((select floor from hot_floor), '-infinity')))::int as events
      from removed
      group by 1`;
    for (const { day, events } of rows) {
      days.add(day.getTime());
      removed += events;
    }
  }
  return { erasedAt: tombstone.erased_at, removed, days: [...days] };
}

export class BarrierTimeoutError extends Error {
  override readonly name = "BarrierTimeoutError";
  readonly code = "BARRIER_TIMEOUT";

  constructor() {
    super(
      `Cannot erase: a transaction of this database has been open for more than ${BARRIER_TIMEOUT_MS / 1_000} s`,
    );
  }
}

/** A month at a time: no statement holds its locks for long, however old the project is. */
async function piecesOf(sql: Sql, projectId: string): Promise<[Date, Date][]> {
  const [row] = await sql<{ first: Date | null; last: Date | null }[]>`
    select min(occurred_at) as first, max(occurred_at) as last from events where project_id = ${projectId}`;
  const pieces: [Date, Date][] = [];
  if (!row?.first || !row.last) return pieces;
  for (let fromMs = row.first.getTime(); fromMs <= row.last.getTime(); fromMs += PIECE_MS) {
    pieces.push([new Date(fromMs), new Date(fromMs + PIECE_MS)]);
  }
  return pieces;
}
