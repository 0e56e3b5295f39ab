import type { EventPage, EventPageQuery } from "../../contract/event-page.ts";
import type { WantedEvent } from "../../contract/event-reading.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";
import { formatInstant } from "../../contract/time-buckets.ts";
import type { HotReader, HotReading } from "./database-reader.ts";
import { needWorker } from "./need-worker.ts";
import type { StoreReader } from "./store-reader.ts";

/** Whether the hot tier cannot answer by itself; asked only where there is a cold one. */
type NeedsCold<Reading> = (floorMs: number, hot?: Reading) => boolean;

/**
 * Answers from the database what lies in the hot tier entirely, and has the worker answer everything else: only it reads both tiers.
 *
 * The border only moves forward, so the last that was seen is enough to go to the worker at once. It is never enough to trust an answer
 * of the database: for that the border of the same snapshot is taken.
 * @param worker undefined where the edge is not given its address
 */
export function createTieredReader(hot: HotReader, worker: StoreReader | undefined): StoreReader {
  let lastFloorMs: number | undefined;

  return {
    readStats: (projectId, query) =>
      choose(
        () => hot.readStats(projectId, query),
        (reader) => reader.readStats(projectId, query),
        (floorMs) => statsNeedCold(query, floorMs),
      ),

    readPage: (projectId, query) =>
      choose(
        () => hot.readPage(projectId, query),
        (reader) => reader.readPage(projectId, query),
        (floorMs, page) => pageNeedsCold(query, floorMs, page),
      ),

    findEvent: (projectId, eventId) =>
      choose(
        () => hot.findEvent(projectId, eventId),
        (reader) => reader.findEvent(projectId, eventId),
        (_, reading) => reading?.events.length === 0,
      ),

    hasAll: (projectId, wanted, timeoutMs) =>
      choose(
        () => hot.hasAll(projectId, wanted, timeoutMs),
        (reader) => reader.hasAll(projectId, wanted, timeoutMs),
        (floorMs, hasAll) => wantedNeedCold(wanted, floorMs, hasAll),
      ),
  };

  async function choose<Reading>(
    readHot: () => Promise<HotReading<Reading>>,
    readAll: (reader: StoreReader) => Promise<Reading>,
    needsCold: NeedsCold<Reading>,
  ): Promise<Reading> {
    if (lastFloorMs !== undefined && needsCold(lastFloorMs)) {
      return readAll(needCold(lastFloorMs));
    }
    const { reading, floorMs } = await readHot();
    if (floorMs === undefined) return reading;
    lastFloorMs = Math.max(lastFloorMs ?? floorMs, floorMs);
    return needsCold(floorMs, reading) ? readAll(needCold(floorMs)) : reading;
  }

  function needCold(floorMs: number): StoreReader {
    const floor = formatInstant(floorMs);
    return needWorker(
      worker,
      `Events before ${floor} are in the cold tier, which the worker reads`,
    );
  }
}

/** A cohort is who came for the first time ever: that is written in the oldest rows. */
function statsNeedCold(query: StatsQuery, floorMs: number): boolean {
  return query.kind === "retention" || Date.parse(query.from) < floorMs;
}

/** Newest first: a page that is full before the border has all its rows from the hot tier. */
function pageNeedsCold(query: EventPageQuery, floorMs: number, page?: EventPage): boolean {
  const { from, to, cursor } = query;
  if (from !== undefined && Date.parse(from) >= floorMs) return false;
  if (to !== undefined && Date.parse(to) <= floorMs) return true;
  if (cursor !== undefined && Date.parse(cursor.occurred_at) < floorMs) return true;
  if (page === undefined) return false;
  const oldest = page.events.at(-1);
  return !(page.hasMore && oldest !== undefined && Date.parse(oldest.occurred_at) >= floorMs);
}

/** An event that is found in the hot tier is found. */
function wantedNeedCold(
  wanted: readonly WantedEvent[],
  floorMs: number,
  hasAll?: boolean,
): boolean {
  if (hasAll === true) return false;
  const isOlder = ({ occurredAt }: WantedEvent) =>
    occurredAt === undefined ? hasAll === false : Date.parse(occurredAt) < floorMs;
  return wanted.some(isOlder);
}
