import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import { queryOn } from "../duckdb/database.ts";
import { FLOOR_LOCK, LOCK_CLASS } from "../timescale/advisory-locks.ts";
import { type ChangerDeps, changePartition } from "./change-partition.ts";
import type { ColdFile } from "./manifest.ts";
import { readManifest } from "./manifest.ts";
import { createFileMaker, quote, relationOf } from "./parquet-files.ts";
import { withColdFiles } from "./with-cold-files.ts";

export type Erased = { readonly projectId: string; readonly userId: string };

/**
 * Removes a user's events from all files of the project, as far as they were received before; answers how many. The tombstone is written:
 * whoever makes files from now on leaves the user out, and who began before is waited for.
 */
export async function eraseFromFiles(
  deps: ChangerDeps & { readonly pool: ConnectionPool },
  { projectId, userId }: Erased,
): Promise<number> {
  const erasedAt = await deps.sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${LOCK_CLASS}, ${FLOOR_LOCK})`;
    const [tombstone] = await transaction<{ erased_at: string }[]>`
      select (erased_at at time zone 'UTC')::text as erased_at from erasures
      where project_id = ${projectId} and user_id = ${userId}`;
    return tombstone?.erased_at;
  });
  if (erasedAt === undefined) throw new TypeError("Cannot erase: no tombstone was written");
  const maker = createFileMaker(deps.store);
  const isTheirs = `(user_id = ${quote(userId)} and received_at < ${quote(erasedAt)}::timestamp)`;
  const { files } = await readManifest(deps.sql, projectId);
  let removed = 0;
  for (const month of new Set(files.map((file) => file.month))) {
    const key = { projectId, month };
    removed += await changePartition(deps, key, async (partition) => {
      const add: ColdFile[] = [];
      const remove: ColdFile[] = [];
      let events = 0;
      for (const file of partition.files) {
        await withColdFiles(deps.store, [file], (paths) =>
          deps.pool.withConnection(undefined, async (connection) => {
            const rows = relationOf(paths);
            const [found] = await queryOn<{ events: number }>(connection, {
              text: `select count(*) as events from ${rows} where ${isTheirs}`,
              params: [],
            });
            if (found === undefined || found.events === 0) return;
            events += found.events;
            remove.push(file);
            const rest = await maker.make(connection, key, `(from ${rows} where not ${isTheirs})`);
            if (rest !== undefined) add.push(rest);
          }),
        );
      }
      return { add, remove, result: events };
    });
  }
  return removed;
}
