import type { Sql } from "./database.ts";

/**
 * Erasures and the archiver wait until no statement sees what they are about to remove. Statements of other roles are hidden from a role
 * without `pg_read_all_stats`, and what it cannot see it would not wait for.
 * @throws {BlindOwnerError}
 */
export async function refuseBlindOwner(owner: Sql): Promise<void> {
  const [row] = await owner<{ name: string; sees_all: boolean }[]>`
    select current_user as name, pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_all`;
  if (row !== undefined && !row.sees_all) throw new BlindOwnerError(row.name);
}

export class BlindOwnerError extends Error {
  override readonly name = "BlindOwnerError";

  constructor(role: string) {
    super(
      `Cannot use DATABASE_OWNER_URL: role "${role}" does not see what other roles run: grant pg_read_all_stats to it`,
    );
  }
}
