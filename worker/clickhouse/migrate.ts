import type { Logger } from "../logger.ts";
import { MigrationError, readMigrations } from "../migrations.ts";
import type { ClickHouse } from "./database.ts";
import type { Schema } from "./schema.ts";

const FOLDER = new URL("../../sql/clickhouse/", import.meta.url);

export type ClickHouseMigration = {
  readonly name: string;
  readonly checksum: string;
  readonly statements: readonly string[];
};

/**
 * Brings the schema up to date, each file once and in order. Two workers that do it at the same time do no harm: there is no lock to take,
 * so every statement says `if not exists`, also for a worker that ended between a file and its entry here.
 * @throws {MigrationError} when a file that was applied has changed since.
 */
export async function migrate(
  clickHouse: ClickHouse,
  schema: Schema,
  logger: Logger,
): Promise<void> {
  await clickHouse.command(toMigrationsTable(schema), { settings: DDL_SETTINGS });
  const applied = await clickHouse.ask<{ name: string; checksum: string }>(
    "select name, checksum from sluice_migrations",
  );
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  for (const { name, checksum, statements } of await readSchema(schema)) {
    const before = checksums.get(name);
    if (before === checksum) continue;
    if (before !== undefined) {
      throw new MigrationError(
        `Cannot migrate: "${name}" was applied and its file has changed since`,
      );
    }
    try {
      for (const text of statements) await clickHouse.command(text, { settings: DDL_SETTINGS });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MigrationError(`Cannot apply migration "${name}": ${reason}`, { cause });
    }
    await clickHouse.insert("sluice_migrations", ["name", "checksum"], [[name, checksum]]);
    logger.info({ migration: name, cluster: schema.cluster }, "migration applied");
  }
}

/** Before anything that names the database. */
export async function createDatabase(clickHouse: ClickHouse, schema: Schema): Promise<void> {
  const text = `create database if not exists ${schema.database}${schema.onCluster}`;
  await clickHouse.command(text, { settings: DDL_SETTINGS });
}

/** The files for one node, or those for a cluster, with its name filled in. The checksum is that of the file. */
export async function readSchema({
  cluster,
  database,
}: Pick<Schema, "cluster" | "database">): Promise<ClickHouseMigration[]> {
  const wanted = cluster === undefined ? "single" : "cluster";
  const files = await readMigrations(FOLDER);
  return files
    .filter(({ variant = wanted }) => variant === wanted)
    .map(({ name, checksum, text }) => {
      const filled = text
        .replaceAll("$on_cluster", cluster === undefined ? "" : `on cluster '${cluster}'`)
        .replaceAll("$cluster", `'${cluster}'`)
        .replaceAll("$database", database);
      return { name, checksum, statements: splitStatements(filled) };
    });
}

/** On a cluster: fail when a node did not do it in time, rather than answer with a table of what each node said. */
const DDL_SETTINGS = { distributed_ddl_task_timeout: 50, distributed_ddl_output_mode: "throw" };

function toMigrationsTable({ cluster, database, onCluster }: Schema): string {
  const engine =
    cluster === undefined
      ? "MergeTree"
      : `ReplicatedMergeTree('/clickhouse/tables/all/${database}/sluice_migrations', '{shard}-{replica}')`;
  return `
    create table if not exists sluice_migrations${onCluster} (
      name String,
      checksum String,
      applied_at DateTime64(3, 'UTC') default now64(3)
    )
    engine = ${engine}
    order by name`;
}

/** A statement ends with the line that ends with a semicolon. */
function splitStatements(text: string): string[] {
  return text
    .split(/;\s*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
