import type { DuckDBConnection } from "@duckdb/node-api";
import type { Logger } from "../logger.ts";
import { type Migration, MigrationError, readMigrations } from "../migrations.ts";
import { queryOn } from "./database.ts";
import type { WritingSession } from "./writing-session.ts";

const MIGRATIONS_FOLDER = new URL("../../sql/duckdb/", import.meta.url);

/**
 * Brings the schema up to date: each file once, in order, in a transaction of its own.
 * @throws {MigrationError} when a file that was applied has changed since.
 */
export async function migrate(session: WritingSession, logger: Logger): Promise<void> {
  const migrations = await readMigrations(MIGRATIONS_FOLDER);
  const applied = await session.transaction(readApplied);
  for (const migration of migrations) {
    const checksum = applied.get(migration.name);
    if (checksum === undefined) {
      await session.transaction((connection) => apply(connection, migration));
      logger.info({ migration: migration.name }, "migration applied");
    } else if (checksum !== migration.checksum) {
      throw new MigrationError(
        `Cannot migrate: "${migration.name}" was applied and its file has changed since`,
      );
    }
  }
}

async function readApplied(connection: DuckDBConnection): Promise<Map<string, string>> {
  await connection.run(`
    create table if not exists sluice_migrations (
      name varchar primary key, checksum varchar not null, applied_at timestamp not null
    )`);
  const rows = await queryOn<{ name: string; checksum: string }>(connection, {
    text: "select name, checksum from sluice_migrations",
    params: [],
  });
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

async function apply(connection: DuckDBConnection, migration: Migration): Promise<void> {
  const { name, text, checksum } = migration;
  try {
    await connection.run(text);
    await connection.run("insert into sluice_migrations values ($1, $2, $3::timestamp)", [
      name,
      checksum,
      new Date().toISOString(),
    ]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationError(`Cannot apply migration "${name}": ${reason}`, { cause });
  }
}
