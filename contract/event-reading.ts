import type { StoredEvent } from "./receipt.ts";

/** Half-open, as ISO texts. */
export type TimeRange = { readonly from: string; readonly to: string };

/** Without a time: any row with this id. */
export type WantedEvent = {
  readonly eventId: string;
  readonly occurredAt: string | undefined;
};

export type EventReading = {
  /** Newest first. Of an id that was sent with several times, one row at least. */
  readonly events: readonly StoredEvent[];
  /** Everything that the stream had stored before is there; null when that is not known. */
  readonly asOf: string | null;
};
