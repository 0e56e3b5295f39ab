import { type EventPage, type EventPageQuery, toEventPage } from "../../contract/event-page.ts";
import type { EventReading, TimeRange, WantedEvent } from "../../contract/event-reading.ts";
import type { StoredEvent } from "../../contract/receipt.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";
import type { StatsReading, StatsRow } from "../../contract/stats-row.ts";
import { type StoredEventRow, toStoredEvent } from "../../contract/stored-event-row.ts";
import { DAY_MS, formatInstant } from "../../contract/time-buckets.ts";
import { uuidV7EpochMs } from "../../contract/uuid.ts";
import type { Dialect } from "../../sql/dialect.ts";
import type { Statement } from "../../sql/statement.ts";
import { compilePage } from "../../sql/timescale/compile-page.ts";
import { compileStats } from "../../sql/timescale/compile-stats.ts";
import { type CountStoredRow, compileCountStored } from "../../sql/timescale/count-stored.ts";
import { compileFindEvent, type FindEventRow } from "../../sql/timescale/find-event.ts";
import type { ProgressRow } from "../../sql/timescale/with-progress.ts";
import type { Database } from "../database.ts";

/** What the hot tier alone says, with the border that held in the same snapshot: rows before it are in the cold tier alone. */
export type HotReading<Reading> = {
  readonly reading: Reading;
  /** Undefined while there is no cold tier. */
  readonly floorMs: number | undefined;
};

/** The same reads as `StoreReader`, of the hot tier. */
export interface HotReader {
  readStats(projectId: string, query: StatsQuery): Promise<HotReading<StatsReading>>;
  readPage(projectId: string, query: EventPageQuery): Promise<HotReading<EventPage>>;
  findEvent(projectId: string, eventId: string): Promise<HotReading<EventReading>>;
  hasAll(
    projectId: string,
    wanted: readonly WantedEvent[],
    timeoutMs: number,
  ): Promise<HotReading<boolean>>;
}

/** Asks the database itself. */
export function createDatabaseReader(database: Database, dialect: Dialect): HotReader {
  return {
    async readStats(projectId, query) {
      const statement = compileStats(query, projectId, dialect);
      const row = await readOne<ProgressRow>(statement);
      const { sources } = statement;
      const reading = { rows: row.data as StatsRow[], asOf: toUtc(row.as_of), sources };
      return { reading, floorMs: toEpochMs(row.floor) };
    },

    async readPage(projectId, query) {
      const statement = compilePage(query, projectId, dialect);
      const row = await readOne<ProgressRow>(statement);
      const page = toEventPage(row.data as StoredEventRow[], query.limit);
      const reading = { ...page, asOf: toUtc(row.as_of), sources: statement.sources };
      return { reading, floorMs: toEpochMs(row.floor) };
    },

    async findEvent(projectId, eventId) {
      const range = likelyRange(eventId);
      const likely = range && (await findEvent(projectId, eventId, range));
      return likely && likely.reading.events.length > 0 ? likely : findEvent(projectId, eventId);
    },

    async hasAll(projectId, wanted, timeoutMs) {
      const row = await readOne<CountStoredRow>(compileCountStored(projectId, wanted), timeoutMs);
      return {
        reading: Number(row.stored) === wanted.length,
        floorMs: toEpochMs(row.floor),
      };
    },
  };

  async function findEvent(
    projectId: string,
    eventId: string,
    range?: TimeRange,
  ): Promise<HotReading<EventReading>> {
    const row = await readOne<FindEventRow>(compileFindEvent(projectId, eventId, range));
    const events = (row.events as StoredEvent[]).map(toStoredEvent);
    return { reading: { events, asOf: toUtc(row.as_of) }, floorMs: toEpochMs(row.floor) };
  }

  async function readOne<Row>(statement: Statement, timeoutMs?: number): Promise<Row> {
    const [row] = await database.query<Row>(statement, timeoutMs);
    if (row === undefined) throw new TypeError("Cannot read the store: no row was returned");
    return row;
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

/** The database's `as_of`, which is null until a worker has reported. */
function toUtc(text: unknown): string | null {
  const epochMs = toEpochMs(text);
  return epochMs === undefined ? null : formatInstant(epochMs);
}

function toEpochMs(text: unknown): number | undefined {
  return typeof text === "string" ? Date.parse(text) : undefined;
}
