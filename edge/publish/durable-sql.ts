/** SQLite that survives the process, as a Durable Object and a file both have it. */
export type DurableSql = {
  /** The rows of one statement that changes nothing. */
  read<Row extends SqlRow>(statement: string, ...values: readonly SqlValue[]): Row[];
  /** The rows of one statement that does. Whoever reads sees it at once. */
  write<Row extends SqlRow>(statement: string, ...values: readonly SqlValue[]): Row[];
  /** Resolves when what was written so far is on disk. @throws when it is not, and will not be: it is undone */
  settle(): Promise<void>;
};

export type SqlValue = string | number | Uint8Array;
export type SqlRow = Record<string, string | number | ArrayBuffer | Uint8Array>;
