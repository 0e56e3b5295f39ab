import type { ReservedSql, Sql } from "./database.ts";

/** Lends one connection, for locks of a session. */
export async function withSession<T>(
  sql: Sql,
  action: (session: ReservedSql) => Promise<T>,
): Promise<T> {
  const session = await sql.reserve();
  try {
    return await action(session);
  } finally {
    session.release();
  }
}
