import { FLOOR_LOCK, LOCK_CLASS } from "../timescale/advisory-locks.ts";
import type { Sql } from "../timescale/database.ts";
import type { PartitionKey } from "./partition.ts";

/** What a file holds, as far as it can be compared with the rows it was made from. Times are UTC with microseconds. */
export type FileFacts = {
  readonly events: number;
  readonly minOccurredAt: string;
  readonly maxOccurredAt: string;
  /** Of the identities inside, whatever their order. */
  readonly checksum: string;
};

export type ColdFile = PartitionKey &
  FileFacts & {
    readonly path: string;
    readonly bytes: number;
  };

/** A partition's files as they were at one moment. */
export type Partition = PartitionKey & {
  /** Undefined: nobody has stored anything there. */
  readonly version: number | undefined;
  readonly files: readonly ColdFile[];
  /** Changes with every erasure of the project. */
  readonly erasureMark: string;
};

/** All files of one project as they were at one moment, with the border that belongs to them. */
export type Manifest = {
  readonly floorMs: number | undefined;
  readonly files: readonly ColdFile[];
  readonly asOf: string | null;
};

type ManifestRow = {
  readonly floor: string | null;
  readonly as_of: string | null;
  readonly files: readonly ColdFile[];
};

/** One expression, so that a statement that reads rows can read the files that belong to them. The project is its parameter 1. */
export const MANIFEST_SQL = `
  select json_build_object(
    'floor', (select to_json(floor) from hot_floor),
    'as_of', (select to_json(as_of) from pipeline_as_of),
    'files', (select coalesce(json_agg(${fileJson()}), '[]') from cold_files where project_id = $1)
  )::text as manifest`;

export function parseManifest(text: string): Manifest {
  const { floor, as_of, files } = JSON.parse(text) as ManifestRow;
  return {
    floorMs: floor === null ? undefined : Date.parse(floor),
    files,
    asOf: as_of === null ? null : new Date(as_of).toISOString(),
  };
}

export async function readManifest(sql: Sql, projectId: string): Promise<Manifest> {
  const [row] = await sql.unsafe<{ manifest: string }[]>(MANIFEST_SQL, [projectId]);
  if (row === undefined) throw new TypeError("Cannot read manifest: the statement has no row");
  return parseManifest(row.manifest);
}

export async function readFloorMs(sql: Sql): Promise<number | undefined> {
  const [row] = await sql<{ floor: Date | null }[]>`select floor from hot_floor`;
  return row?.floor?.getTime();
}

export async function readPartition(sql: Sql, key: PartitionKey): Promise<Partition> {
  const { projectId, month } = key;
  const [row] = await sql.unsafe<{ version: string | null; files: string; mark: string }[]>(
    `select
      (select version from cold_partitions where project_id = $1 and month = $2)::text as version,
      (
        select coalesce(json_agg(${fileJson()}), '[]') from cold_files where project_id = $1 and month = $2
      )::text as files,
      ${ERASURE_MARK} as mark`,
    [projectId, month],
  );
  if (row === undefined) throw new TypeError("Cannot read manifest: the statement has no row");
  const version = row.version === null ? undefined : Number(row.version);
  return { ...key, version, files: JSON.parse(row.files), erasureMark: row.mark };
}

export type Swap = {
  readonly from: Partition;
  readonly remove: readonly ColdFile[];
  readonly add: readonly ColdFile[];
};

/**
 * Changes a partition's files, if it is still as it was read and nobody has been erased since; answers whether it did. The lock is what an
 * erasure waits for, so that it sees everything that was made without knowledge of it.
 */
export async function swapFiles(sql: Sql, { from, remove, add }: Swap): Promise<boolean> {
  const { projectId, month, version } = from;
  return sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock_shared(${LOCK_CLASS}, ${FLOOR_LOCK})`;
    const [mark] = await transaction.unsafe<{ mark: string }[]>(`select ${ERASURE_MARK} as mark`, [
      projectId,
    ]);
    if (mark?.mark !== from.erasureMark) return false;
    const raised =
      version === undefined
        ? await transaction`
            insert into cold_partitions (project_id, month, version) values (${projectId}, ${month}, 1)
            on conflict do nothing`
        : await transaction`
            update cold_partitions set version = version + 1
            where project_id = ${projectId} and month = ${month} and version = ${version}`;
    if (raised.count !== 1) return false;
    for (const { path } of remove) {
      await transaction`delete from cold_files where path = ${path}`;
    }
    await addFiles(transaction, add);
    return true;
  });
}

/** Names files in the manifest. Their partitions are there. */
export async function addFiles(
  transaction: Pick<Sql, "unsafe">,
  files: readonly ColdFile[],
): Promise<void> {
  if (files.length === 0) return;
  await transaction.unsafe(
    `insert into cold_files
      (path, project_id, month, events, bytes, min_occurred_at, max_occurred_at, checksum)
    select path, "projectId", month, events, bytes, "minOccurredAt", "maxOccurredAt", checksum
    from json_to_recordset($1::text::json) as file(
      path text, "projectId" text, month text, events bigint, bytes bigint,
      "minOccurredAt" timestamptz, "maxOccurredAt" timestamptz, checksum text
    )`,
    [JSON.stringify(files)],
  );
}

/** Of the project that is parameter 1. An erasure repeated moves its time, so the number of rows alone would not do. */
const ERASURE_MARK = `(
  select count(*) || ' ' || coalesce(sum(extract(epoch from erased_at)), 0)
  from erasures
  where project_id = $1
)`;

function fileJson(): string {
  const time = (column: string) =>
    `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  return `json_build_object(
      'path', path, 'projectId', project_id, 'month', month, 'events', events, 'bytes', bytes,
      'minOccurredAt', ${time("min_occurred_at")}, 'maxOccurredAt', ${time("max_occurred_at")}, 'checksum', checksum
    )`;
}
