import type { DuckDBConnection } from "@duckdb/node-api";

export type ConnectionPool = {
  /** Lends a connection, in the order of asking. Rejects when the signal aborts before one is free. */
  withConnection<T>(
    signal: AbortSignal | undefined,
    action: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T>;
  /** Closes what is idle at once, and what is lent when it comes back. */
  close(): void;
};

export function createConnectionPool(
  connect: () => Promise<DuckDBConnection>,
  size: number,
): ConnectionPool {
  const idle: DuckDBConnection[] = [];
  const waiting: (() => void)[] = [];
  let lent = 0;
  let isClosed = false;

  return {
    async withConnection(signal, action) {
      await takeTurn(signal);
      try {
        const connection = idle.pop() ?? (await connect());
        try {
          return await action(connection);
        } finally {
          if (isClosed) connection.closeSync();
          else idle.push(connection);
        }
      } finally {
        passTurn();
      }
    },
    close() {
      isClosed = true;
      for (const connection of idle.splice(0)) connection.closeSync();
    },
  };

  async function takeTurn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (lent < size) {
      lent += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(signal?.reason);
      };
      waiting.push(begin);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** The turn goes to whoever has waited longest, without becoming free in between. */
  function passTurn(): void {
    const next = waiting.shift();
    if (next === undefined) lent -= 1;
    else next();
  }
}
