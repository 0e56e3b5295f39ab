import type { EventPage, EventPageQuery } from "../../contract/event-page.ts";
import { toEventPage } from "../../contract/event-page.ts";
import type { EventReading, TimeRange, WantedEvent } from "../../contract/event-reading.ts";
import type { StoredEvent } from "../../contract/receipt.ts";
import { toStoredEvent } from "../../contract/stored-event-row.ts";
import type { EventReader } from "../engine.ts";
import type { ColdDeps, FloorGuard } from "./cold-deps.ts";
import { FloorMovedError } from "./cold-deps.ts";
import { countRows, findIds, findRows, readNewestRows } from "./cold-rows.ts";
import { eventRangeOf, readColdStats } from "./cold-stats.ts";
import { exportTiers } from "./export-tiers.ts";
import { type Manifest, readManifest } from "./manifest.ts";

export type TieredReaderDeps = ColdDeps & {
  readonly guard: FloorGuard;
  /** Of the database, which may still have rows below the floor: it is never asked for them. */
  readonly hot: EventReader;
};

/** Answers as if all events were in one place. Whatever lies at or above the floor comes from the database, all else from files. */
export function createTieredReader(deps: TieredReaderDeps): EventReader {
  const { sql, guard, hot } = deps;

  return {
    readStats: (projectId, query, signal) =>
      guard.answer(async (floorMs) => {
        if (floorMs === undefined || !isBelow(floorMs, eventRangeOf(query).fromMs)) {
          const reading = await hot.readStats(projectId, query, signal);
          await guard.check(floorMs);
          return reading;
        }
        const manifest = await manifestAt(projectId, floorMs);
        if (manifest.files.length > 0) {
          return readColdStats(deps, projectId, query, { manifest, signal });
        }
        // A project that came after the floor was last moved has nothing in files, and the database has the better indexes.
        const reading = await hot.readStats(projectId, query, signal);
        const { files } = await manifestAt(projectId, floorMs);
        if (files.length > 0) throw new FloorMovedError();
        return reading;
      }),

    readPage: (projectId, query, signal) =>
      guard.answer(async (floorMs) => {
        if (floorMs === undefined || !isBelow(floorMs, timeOf(query.from))) {
          const page = await hot.readPage(projectId, query, signal);
          await guard.check(floorMs);
          return page;
        }
        return readPageAcross(projectId, query, { floorMs, signal });
      }),

    findEvent: (projectId, eventId, range, signal): Promise<EventReading> =>
      guard.answer(async (floorMs) => {
        const reading = await hot.findEvent(projectId, eventId, range, signal);
        if (floorMs === undefined || !isBelow(floorMs, timeOf(range?.from))) {
          await guard.check(floorMs);
          return reading;
        }
        const events = reading.events.filter(
          ({ occurred_at }) => !isBelow(floorMs, timeOf(occurred_at)),
        );
        if (events.length > 0) return { ...reading, events };
        const manifest = await manifestAt(projectId, floorMs);
        const rows = await findRows(deps, manifest.files, eventId, { projectId, signal, range });
        return { events: rows.map(toStoredEvent), asOf: reading.asOf };
      }),

    countStored: (projectId, wanted, signal) =>
      guard.answer(async (floorMs) => {
        const cold = wanted.filter(
          (one) => isTimed(one) && isBelow(floorMs, timeOf(one.occurredAt)),
        );
        const timed = wanted.filter((one) => isTimed(one) && !cold.includes(one));
        const untimed = wanted.filter((one) => !isTimed(one));
        const stored = await countHot(projectId, [...timed, ...untimed], signal);
        if (floorMs === undefined || (cold.length === 0 && stored === wanted.length)) {
          await guard.check(floorMs);
          return stored;
        }
        const { files } = await manifestAt(projectId, floorMs);
        const question = { projectId, signal };
        const storedCold = await countRows(deps, files, cold.filter(isTimed), question);
        if (untimed.length === 0) return stored + storedCold;
        // An id may have rows on both sides, and counts once.
        const ids = untimed.map(({ eventId }) => eventId);
        const found = await findIds(deps, files, ids, question);
        const rest = untimed.filter(({ eventId }) => !found.has(eventId));
        const storedHot = await countHot(projectId, [...timed, ...rest], signal);
        await guard.check(floorMs);
        return storedHot + found.size + storedCold;
      }),

    exportEvents(
      projectId: string,
      range: TimeRange,
      signal: AbortSignal,
    ): AsyncIterable<readonly StoredEvent[]> {
      return exportTiers(deps, { projectId, range, signal });
    },
  };

  /** First what the database has of the page, then as much of the files as is missing. */
  async function readPageAcross(
    projectId: string,
    query: EventPageQuery,
    { floorMs, signal }: { readonly floorMs: number; readonly signal: AbortSignal },
  ): Promise<EventPage> {
    const floor = new Date(floorMs).toISOString();
    const isColdOnly =
      isBelow(floorMs, timeOf(query.cursor?.occurred_at) ?? floorMs) ||
      (query.to !== undefined && Date.parse(query.to) <= floorMs);
    const hotPage = isColdOnly
      ? undefined
      : await hot.readPage(projectId, { ...query, from: floor }, signal);
    const manifest = await manifestAt(projectId, floorMs);
    if (hotPage?.hasMore) return hotPage;
    const events = hotPage?.events ?? [];
    const missing = query.limit - events.length;
    const to = isColdOnly ? (query.to ?? floor) : floor;
    const rows = await readNewestRows(
      deps,
      manifest.files,
      { ...query, to: Date.parse(to) < floorMs ? to : floor },
      { projectId, signal, rows: missing + 1 },
    );
    const page = toEventPage(rows, missing);
    return {
      events: [...events, ...page.events],
      hasMore: page.hasMore,
      asOf: hotPage?.asOf ?? manifest.asOf,
      sources: [...(hotPage?.sources ?? []), "cold"],
    };
  }

  /** @throws {FloorMovedError} */
  async function manifestAt(projectId: string, floorMs: number): Promise<Manifest> {
    const manifest = await readManifest(sql, projectId);
    if (manifest.floorMs === floorMs) return manifest;
    await guard.refresh();
    throw new FloorMovedError();
  }

  async function countHot(
    projectId: string,
    wanted: readonly WantedEvent[],
    signal: AbortSignal,
  ): Promise<number> {
    return wanted.length === 0 ? 0 : hot.countStored(projectId, wanted, signal);
  }
}

/** Whether a time, or the beginning of time, is on the cold side. */
function isBelow(floorMs: number | undefined, timeMs: number | undefined): boolean {
  return floorMs !== undefined && (timeMs === undefined || timeMs < floorMs);
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

function isTimed(wanted: WantedEvent): wanted is WantedEvent & { readonly occurredAt: string } {
  return wanted.occurredAt !== undefined;
}
