import type { EventPage, EventPageQuery } from "../../contract/event-page.ts";
import type { EventReading, WantedEvent } from "../../contract/event-reading.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";
import type { StatsReading } from "../../contract/stats-row.ts";

/**
 * Reads what is stored, wherever it is. Every read is of one project.
 * All reject with a `ProblemError`: `store-timeout` when a part does not answer in time, `store-unavailable` when it cannot be
 * reached or answers an error, `invalid-query` when it refuses the question.
 */
export interface StoreReader {
  readStats(projectId: string, query: StatsQuery): Promise<StatsReading>;
  readPage(projectId: string, query: EventPageQuery): Promise<EventPage>;
  /** The rows with an event's id. */
  findEvent(projectId: string, eventId: string): Promise<EventReading>;
  /** Whether every one of the events has a row. Ids may not repeat. */
  hasAll(projectId: string, wanted: readonly WantedEvent[], timeoutMs: number): Promise<boolean>;
}
