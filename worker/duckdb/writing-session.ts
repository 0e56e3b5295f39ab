import type { DuckDBConnection } from "@duckdb/node-api";

/**
 * The one connection that writes. Whatever it is given runs one after the other, so that no two transactions can conflict, and what one
 * has looked up is still true when it commits.
 */
export type WritingSession = {
  /** Commits what the action did, or nothing of it. */
  transaction<T>(action: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** Outside of a transaction: for checkpoints. */
  exclusively<T>(action: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** Once the last action has ended. */
  close(): Promise<void>;
};

export function createWritingSession(connection: DuckDBConnection): WritingSession {
  let last: Promise<unknown> = Promise.resolve();

  return {
    exclusively,
    transaction: (action) =>
      exclusively(async () => {
        await connection.run("begin");
        try {
          const result = await action(connection);
          await connection.run("commit");
          return result;
        } catch (error) {
          // There is nothing left to roll back if the commit failed, and nobody to answer if the database did.
          await connection.run("rollback").catch(() => {});
          throw error;
        }
      }),
    close: () => exclusively(async (open) => open.closeSync()),
  };

  function exclusively<T>(action: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const result = last.then(() => action(connection));
    last = result.catch(() => {});
    return result;
  }
}
