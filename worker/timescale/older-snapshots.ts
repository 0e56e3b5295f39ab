import { pause } from "../pause.ts";
import type { Sql } from "./database.ts";

const EVERY_MS = 20;

/**
 * Waits until no statement or transaction of this database sees it as it was before the transaction `xid` was committed; false when one
 * still does at the deadline. Sessions of other roles are seen if this role may (`pg_read_all_stats`).
 */
export async function areOlderSnapshotsGone(
  sql: Sql,
  xid: string,
  deadline: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const [row] = await sql<{ are_gone: boolean }[]>`
      select not exists (
        select from pg_stat_activity
        where
          datname = current_database() and pid <> pg_backend_pid()
          and age(backend_xmin) >= age(${xid}::xid)
      ) as are_gone`;
    if (row?.are_gone === true) return true;
    if (deadline.aborted) return false;
    await pause(EVERY_MS, deadline);
  }
}
