import type { ReservedSql, Sql } from "../timescale/database.ts";

/**
 * Lends one connection, for locks of a session. The query before opens it: the driver never hands over one that it has to open for this
 * (postgres 3.4, `reserve()` with `fetch_types: false`).
 */
export async function withSession<T>(
  sql: Sql,
  action: (session: ReservedSql) => Promise<T>,
): Promise<T> {
  await sql`select 1`;
  const session = await sql.reserve();
  try {
    return await action(session);
  } finally {
    session.release();
  }
}
