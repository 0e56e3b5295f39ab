import type { EventReading, TimeRange, WantedEvent } from "../contract/event-reading.ts";
import type { StoredEvent } from "../contract/receipt.ts";
import { toStoredEvent } from "../contract/stored-event-row.ts";
import { DAY_MS } from "../contract/time-buckets.ts";
import { uuidV7EpochMs } from "../contract/uuid.ts";
import { compileCountStored } from "../sql/timescale/count-stored.ts";
import { compileFindEvent, type FindEventRow } from "../sql/timescale/find-event.ts";
import type { Database } from "./database.ts";
import { toUtc } from "./stats-reader.ts";

/** Reads rows of `events`. Both reject with `store-unavailable` when the store does not answer in time, or answers an error. */
export interface EventReader {
  find(projectId: string, eventId: string): Promise<EventReading>;
  /** Whether every one of the events has a row. Ids may not repeat. */
  hasAll(projectId: string, wanted: readonly WantedEvent[], timeoutMs: number): Promise<boolean>;
}

export function createEventReader(database: Database): EventReader {
  return {
    async find(projectId, eventId) {
      const range = likelyRange(eventId);
      const likely = range && (await find(projectId, eventId, range));
      return likely && likely.events.length > 0 ? likely : find(projectId, eventId);
    },
    async hasAll(projectId, wanted, timeoutMs) {
      const statement = compileCountStored(projectId, wanted);
      const [row] = await database.query<{ stored: unknown }>(statement, timeoutMs);
      return Number(row?.stored) === wanted.length;
    },
  };

  async function find(
    projectId: string,
    eventId: string,
    range?: TimeRange,
  ): Promise<EventReading> {
    const statement = compileFindEvent(projectId, eventId, range);
    const [row] = await database.query<FindEventRow>(statement);
    if (row === undefined) throw new TypeError("Cannot find event: no row was returned");
    return { events: (row.events as StoredEvent[]).map(toStoredEvent), asOf: toUtc(row.as_of) };
  }
}

/** A UUIDv7 is made, as a rule, when its event occurs. */
function likelyRange(eventId: string): TimeRange | undefined {
  const epochMs = uuidV7EpochMs(eventId);
  // The first half of the 48 bits lasts until the year 6429.
  if (epochMs === undefined || epochMs > 2 ** 47) return undefined;
  return {
    from: new Date(epochMs - DAY_MS).toISOString(),
    to: new Date(epochMs + DAY_MS).toISOString(),
  };
}
