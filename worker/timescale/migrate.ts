import type { Logger } from "../logger.ts";
import { type Migration, MigrationError, readMigrations } from "../migrations.ts";
import { LOCK_CLASS, MIGRATION_LOCK } from "./advisory-locks.ts";
import type { TimescaleEdition } from "./capabilities.ts";
import type { ReservedSql, Sql } from "./database.ts";
import { grantToRoles } from "./grants.ts";
import { withSession } from "./with-session.ts";

const MIGRATIONS_FOLDER = new URL("../../sql/timescale/", import.meta.url);
/** First line of a file whose single statement PostgreSQL refuses inside a transaction. */
const NO_TRANSACTION = "-- no transaction";

/** A file without a variant runs everywhere; `plain` is for every database that lacks the Community features. */
const VARIANTS: Readonly<Record<TimescaleEdition, readonly Migration["variant"][]>> = {
  community: [undefined, "timescale", "community"],
  apache: [undefined, "timescale", "plain"],
  none: [undefined, "plain"],
};

export type MigrateOptions = { readonly chunkIntervalDays: number; readonly logger: Logger };

/**
 * Brings the schema up to date: each file once, in order, one worker at a time. Then each role gets what it needs of it.
 * @throws {MigrationError} when a file that was applied has changed since.
 */
export async function migrate(
  sql: Sql,
  edition: TimescaleEdition,
  options: MigrateOptions,
): Promise<void> {
  const migrations = (await readMigrations(MIGRATIONS_FOLDER)).filter(({ variant }) =>
    VARIANTS[edition].includes(variant),
  );
  await withSession(sql, async (session) => {
    await session`select pg_advisory_lock(${LOCK_CLASS}, ${MIGRATION_LOCK})`;
    try {
      await applyMissing(session, migrations, options);
      await grantToRoles(session, options.logger);
    } finally {
      await session`select pg_advisory_unlock(${LOCK_CLASS}, ${MIGRATION_LOCK})`;
    }
  });
}

async function applyMissing(
  session: ReservedSql,
  migrations: readonly Migration[],
  options: MigrateOptions,
): Promise<void> {
  const { logger } = options;
  await session`
    create table if not exists sluice_migrations (
      name text primary key,
      variant text,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`;
  const applied = await session<{ name: string; variant: string | null; checksum: string }[]>`
    select name, variant, checksum from sluice_migrations`;
  const appliedByName = new Map(applied.map((row) => [row.name, row]));
  for (const migration of migrations) {
    const before = appliedByName.get(migration.name);
    if (before === undefined) {
      await apply(session, migration, options);
      logger.info({ migration: migration.name, variant: migration.variant }, "migration applied");
    } else if ((before.variant ?? undefined) !== migration.variant) {
      logger.warn(
        { migration: migration.name, applied: before.variant, wanted: migration.variant },
        "migration was applied for another edition of the database and stays as it is",
      );
    } else if (before.checksum !== migration.checksum) {
      throw new MigrationError(
        `Cannot migrate: "${migration.name}" was applied and its file has changed since`,
      );
    }
  }
}

async function apply(
  session: ReservedSql,
  migration: Migration,
  { chunkIntervalDays }: MigrateOptions,
): Promise<void> {
  const { name, variant = null, text, checksum } = migration;
  const isTransaction = !text.startsWith(NO_TRANSACTION);
  if (isTransaction) await session`begin`;
  try {
    // For this transaction: in the embedded database a setting of the session may be gone with the next statement of another one.
    await session`select set_config('sluice.chunk_interval', ${`${chunkIntervalDays} days`}, true)`;
    await session.unsafe(text).simple();
    await session`
      insert into sluice_migrations (name, variant, checksum)
      values (${name}, ${variant}, ${checksum})`;
    if (isTransaction) await session`commit`;
  } catch (cause) {
    if (isTransaction) await session`rollback`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationError(`Cannot apply migration "${name}": ${reason}`, { cause });
  }
}
