import type { StoredEvent } from "./receipt.ts";

/** A raw row as a store returns it: times in UTC with microseconds, `properties` as an object or as its JSON. */
export type StoredEventRow = Omit<StoredEvent, "properties"> & { readonly properties: unknown };

/** As the API shows it: times with milliseconds, unless there is something behind them, as the edge writes them. */
export function toStoredEvent(row: StoredEventRow): StoredEvent {
  const { properties } = row;
  return {
    ...row,
    occurred_at: shorten(row.occurred_at),
    received_at: shorten(row.received_at),
    properties: (typeof properties === "string" ? JSON.parse(properties) : properties) as Record<
      string,
      unknown
    >,
  };
}

function shorten(time: string): string {
  return time.replace(/000Z$/, "Z");
}
