import type { EventRow } from "./event-row.ts";

/** Where events are kept. Writing the same event again changes nothing, so that any batch may be written again. */
export type EventStore = {
  /** Commits the rows. Rejects with what {@link kindOfDatabaseError} can judge; some rows may then be committed. */
  write(rows: readonly EventRow[]): Promise<WriteResult>;
  /** Rejects when the store does not answer. */
  checkHealth(): Promise<void>;
  close(): Promise<void>;
};

export type WriteResult = { readonly inserted: number };
