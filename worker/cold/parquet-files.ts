import { randomUUID } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { queryOn } from "../duckdb/database.ts";
import type { ColdFile, FileFacts } from "./manifest.ts";
import { type ObjectStore, withFiles } from "./object-store.ts";
import { newFilePath, type PartitionKey } from "./partition.ts";

/** The columns of a file, in their order. Times are UTC without saying so; `properties` is JSON as JavaScript writes it. */
export const FILE_COLUMNS =
  "project_id, event_id, occurred_at, received_at, event_type, user_id, properties";

/** Small enough that a question about a few days reads little, large enough to compress well. */
const ROW_GROUP_ROWS = 100_000;

/** What stands in `from`: the rows of these files, whatever their folders are called. */
export function relationOf(paths: readonly string[]): string {
  if (paths.length === 0) return NO_ROWS;
  const list = paths.map(quote).join(", ");
  return `(select ${FILE_COLUMNS} from read_parquet([${list}], hive_partitioning = false))`;
}

const NO_ROWS = `(
  select
    null::varchar as project_id, null::uuid as event_id, null::timestamp as occurred_at, null::timestamp as received_at,
    null::varchar as event_type, null::varchar as user_id, null::varchar as properties
  where false
)`;

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Called between the parts of a file's making; tests end the process there. */
export type FileStep = "file-written" | "file-put" | "file-verified";

export type FileMaker = {
  /**
   * Makes a file of a relation's rows and stores it, sorted by time. It is not part of anything until the manifest names it.
   * Undefined when the relation is empty.
   * @throws {FileVerificationError} when what is read back is not what was written.
   */
  make(
    connection: DuckDBConnection,
    key: PartitionKey,
    relation: string,
  ): Promise<ColdFile | undefined>;
};

export function createFileMaker(
  store: ObjectStore,
  onStep: (step: FileStep) => void | Promise<void> = () => {},
): FileMaker {
  return {
    async make(connection, key, relation) {
      const wanted = await factsOf(connection, relation);
      if (wanted.events === 0) return undefined;
      const path = newFilePath(key);
      const staged = join(store.stagingDir, `${randomUUID()}.parquet`);
      let bytes: number;
      try {
        await connection.run(`
          copy (select ${FILE_COLUMNS} from ${relation} order by occurred_at, event_id)
          to ${quote(staged)} (format parquet, compression zstd, row_group_size ${ROW_GROUP_ROWS})`);
        ({ size: bytes } = await stat(staged));
        await onStep("file-written");
        await store.put(path, staged);
      } finally {
        await rm(staged, { force: true });
      }
      await onStep("file-put");
      const found = await withFiles(store, [path], (paths) =>
        factsOf(connection, relationOf(paths)),
      );
      if (JSON.stringify(found) !== JSON.stringify(wanted)) {
        throw new FileVerificationError(path, wanted, found);
      }
      await onStep("file-verified");
      const { content: _, ...facts } = wanted;
      return { ...key, ...facts, path, bytes };
    },
  };
}

type Facts = FileFacts & {
  /** Of all that the rows hold. PostgreSQL has no such hash, so it compares DuckDB with DuckDB. */
  readonly content: string;
};

async function factsOf(connection: DuckDBConnection, relation: string): Promise<Facts> {
  const [row] = await queryOn<{
    events: number;
    min: string | null;
    max: string | null;
    checksum: string;
    content: string;
  }>(connection, {
    text: `
      select
        count(*) as events, min(occurred_at) as min, max(occurred_at) as max, ${CHECKSUM} as checksum,
        coalesce(sum(hash(${FILE_COLUMNS})::hugeint), 0)::varchar as content
      from ${relation}`,
    params: [],
  });
  const { events = 0, min, max, checksum = "0", content = "0" } = row ?? {};
  return { events, minOccurredAt: min ?? "", maxOccurredAt: max ?? "", checksum, content };
}

/** The sum of 60 bits of each identity's hash; {@link POSTGRES_CHECKSUM} is the same for a table in PostgreSQL. */
const CHECKSUM = `
  coalesce(sum(('0x' || substr(md5(event_id::varchar || ' ' || epoch_us(occurred_at)), 1, 15))::bigint), 0)::varchar`;

export const POSTGRES_CHECKSUM = `
  coalesce(sum(('x' || substr(md5(event_id::text || ' ' || (extract(epoch from occurred_at) * 1000000)::bigint), 1, 15))::bit(60)::bigint), 0)::text`;

export class FileVerificationError extends Error {
  override readonly name = "FileVerificationError";

  constructor(path: string, wanted: FileFacts, found: FileFacts) {
    super(
      `Cannot trust file "${path}": wrote ${JSON.stringify(wanted)}, read back ${JSON.stringify(found)}`,
    );
  }
}
