import type { Statement } from "../../sql/statement.ts";
import type { Sql } from "./database.ts";

/** The statement's rows; it is cancelled in the database when the signal aborts. */
export async function runStatement<Row>(
  sql: Sql,
  { text, params }: Pick<Statement, "text" | "params">,
  signal: AbortSignal,
): Promise<Row[]> {
  signal.throwIfAborted();
  const query = sql.unsafe(text, [...params], { prepare: false });
  const cancel = () => query.cancel();
  signal.addEventListener("abort", cancel);
  try {
    return (await query) as unknown as Row[];
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
