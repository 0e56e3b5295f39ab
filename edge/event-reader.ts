import type { StoredEvent } from "../contract/receipt.ts";
import { compileCountStored, type WantedEvent } from "../sql/timescale/count-stored.ts";
import { compileFindEvent, type FindEventRow } from "../sql/timescale/find-event.ts";
import type { Database } from "./database.ts";
import { toUtc } from "./stats-reader.ts";

export type EventReading = {
  /** Newest first. */
  readonly events: readonly StoredEvent[];
  /** Everything that the stream had stored before is there; null when that is not known. */
  readonly asOf: string | null;
};

/** Reads rows of `events`. Both reject with `store-unavailable` when the store does not answer in time, or answers an error. */
export interface EventReader {
  find(projectId: string, eventId: string): Promise<EventReading>;
  /** Whether every one of the events has a row. Ids may not repeat. */
  hasAll(projectId: string, wanted: readonly WantedEvent[], timeoutMs: number): Promise<boolean>;
}

export function createEventReader(database: Database): EventReader {
  return {
    async find(projectId, eventId) {
      const [row] = await database.query<FindEventRow>(compileFindEvent(projectId, eventId));
      if (row === undefined) throw new TypeError("Cannot find event: no row was returned");
      return { events: (row.events as StoredEvent[]).map(withShortTimes), asOf: toUtc(row.as_of) };
    },
    async hasAll(projectId, wanted, timeoutMs) {
      const statement = compileCountStored(projectId, wanted);
      const [row] = await database.query<{ stored: unknown }>(statement, timeoutMs);
      return Number(row?.stored) === wanted.length;
    },
  };
}

/** Milliseconds, unless there is something behind them: as the edge writes times. */
function withShortTimes(event: StoredEvent): StoredEvent {
  const shorten = (time: string) => time.replace(/000Z$/, "Z");
  return {
    ...event,
    occurred_at: shorten(event.occurred_at),
    received_at: shorten(event.received_at),
  };
}
