import type { ConnectionPool } from "../duckdb/connection-pool.ts";
import { queryOn } from "../duckdb/database.ts";
import { type ChangerDeps, changePartition } from "./change-partition.ts";
import type { ColdFile } from "./manifest.ts";
import { createFileMaker, relationOf } from "./parquet-files.ts";
import { monthOf, type PartitionKey } from "./partition.ts";
import { STAGED, type StagedRow, stageRows, withStaging } from "./staging.ts";
import { withColdFiles } from "./with-cold-files.ts";

export type LateRow = StagedRow & { readonly occurredAtMs: number };

export type LateDeps = ChangerDeps & { readonly pool: ConnectionPool };

/** Partitions that one call works on at once: enough to hide a remote store's delay. */
const PARALLEL = 3;

/**
 * Stores rows that are older than the floor, each once: against the files of its partition and against the other rows. When it resolves
 * they are durable. Answers how many were new.
 */
export async function storeLateEvents(
  deps: LateDeps,
  rows: readonly LateRow[],
  onStored: (key: PartitionKey, files: number) => Promise<void>,
): Promise<number> {
  const partitions = groupByPartition(rows);
  const counts = await inParallel(partitions, ([key, own]) =>
    storeInPartition(deps, key, own, onStored),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function storeInPartition(
  deps: LateDeps,
  key: PartitionKey,
  rows: readonly LateRow[],
  onStored: (key: PartitionKey, files: number) => Promise<void>,
): Promise<number> {
  const maker = createFileMaker(deps.store);
  let files = 0;
  const stored = await changePartition(deps, key, async (partition) => {
    const erased = await readErased(deps, key.projectId, rows);
    const wanted = rows.filter(
      // Erased within the same millisecond counts as erased: the time is cut to it.
      ({ userId, receivedAt }) =>
        !(Date.parse(receivedAt) <= (erased.get(userId) ?? Number.NEGATIVE_INFINITY)),
    );
    if (wanted.length === 0) return { add: [], remove: [], result: 0 };
    const near = filesAround(partition.files, wanted);
    files = partition.files.length + 1;
    return withColdFiles(deps.store, near, (paths) =>
      withStaging(deps.pool, undefined, async (connection) => {
        await stageRows(connection, wanted);
        await queryOn(connection, { text: keepNew(paths), params: [] });
        const file = await maker.make(connection, key, STAGED);
        return { add: file === undefined ? [] : [file], remove: [], result: file?.events ?? 0 };
      }),
    );
  });
  if (stored > 0) await onStored(key, files);
  return stored;
}

/** Leaves those staged rows that no file has, the first of each identity. */
function keepNew(paths: readonly string[]): string {
  return `
    delete from temp.staged_text where place not in (
      select place
      from ${STAGED} as staged
      where not exists (
        select 1 from ${relationOf(paths)} as stored
        where stored.event_id = staged.event_id and stored.occurred_at = staged.occurred_at
      )
      qualify row_number() over (partition by event_id, occurred_at order by place) = 1
    )`;
}

/** Only these can hold one of the rows. Ends count in milliseconds: microseconds behind them are inside. */
function filesAround(files: readonly ColdFile[], rows: readonly LateRow[]): ColdFile[] {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const { occurredAtMs } of rows) {
    if (occurredAtMs < min) min = occurredAtMs;
    if (occurredAtMs > max) max = occurredAtMs;
  }
  return files.filter(
    ({ minOccurredAt, maxOccurredAt }) =>
      Date.parse(minOccurredAt) <= max && Date.parse(maxOccurredAt) >= min,
  );
}

/** When each of the rows' users was last erased. */
async function readErased(
  { sql }: LateDeps,
  projectId: string,
  rows: readonly LateRow[],
): Promise<ReadonlyMap<string, number>> {
  const erased = await sql.unsafe<{ user_id: string; erased_at: Date }[]>(
    `select user_id, erased_at from erasures
    where project_id = $1 and user_id in (select json_array_elements_text($2::text::json))`,
    [projectId, JSON.stringify([...new Set(rows.map(({ userId }) => userId))])],
  );
  return new Map(erased.map(({ user_id, erased_at }) => [user_id, erased_at.getTime()]));
}

function groupByPartition(rows: readonly LateRow[]): [PartitionKey, LateRow[]][] {
  const groups = Map.groupBy(
    rows,
    ({ projectId, occurredAtMs }) => `${monthOf(occurredAtMs)} ${projectId}`,
  );
  return [...groups].map(([name, own]) => {
    const [month = "", projectId = ""] = name.split(" ");
    return [{ projectId, month }, own];
  });
}

/** Ends when all have ended, whatever became of them. */
async function inParallel<T, R>(
  items: readonly T[],
  action: (item: T) => Promise<R>,
): Promise<R[]> {
  const queue = [...items];
  const done: R[] = [];
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      done.push(await action(item));
    }
  };
  const results = await Promise.allSettled(Array.from({ length: PARALLEL }, work));
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return done;
}
