import { type EventPage, toEventPage } from "../../contract/event-page.ts";
import type { EventReading, TimeRange } from "../../contract/event-reading.ts";
import type { StatsRow } from "../../contract/stats-row.ts";
import { type StoredEventRow, toStoredEvent } from "../../contract/stored-event-row.ts";
import { formatInstant } from "../../contract/time-buckets.ts";
import type { Dialect } from "../../sql/dialect.ts";
import type { Statement } from "../../sql/statement.ts";
import { compilePage } from "../../sql/timescale/compile-page.ts";
import { compileStats } from "../../sql/timescale/compile-stats.ts";
import { compileCountStored } from "../../sql/timescale/count-stored.ts";
import { compileFindEvent, type FindEventRow } from "../../sql/timescale/find-event.ts";
import type { ProgressRow } from "../../sql/timescale/with-progress.ts";
import type { EventReader } from "../engine.ts";
import type { Sql } from "./database.ts";
import { exportFromTable } from "./export-from-table.ts";
import { runStatement } from "./run-statement.ts";

/** Reads what is in the table `events` and its aggregates; of a cold tier it knows nothing. */
export function createTimescaleReader(sql: Sql, dialect: Dialect): EventReader {
  return {
    async readStats(projectId, query, signal) {
      const statement = compileStats(query, projectId, dialect);
      const row = await readRow<ProgressRow>(statement, signal);
      const { sources } = statement;
      return { rows: row.data as StatsRow[], asOf: toUtc(row.as_of), sources };
    },
    async readPage(projectId, query, signal): Promise<EventPage> {
      const statement = compilePage(query, projectId, dialect);
      const row = await readRow<ProgressRow>(statement, signal);
      const page = toEventPage(row.data as StoredEventRow[], query.limit);
      return { ...page, asOf: toUtc(row.as_of), sources: statement.sources };
    },
    async findEvent(projectId, eventId, range, signal): Promise<EventReading> {
      const statement = compileFindEvent(projectId, eventId, range);
      const row = await readRow<FindEventRow>(statement, signal);
      const events = (row.events as StoredEventRow[]).map(toStoredEvent);
      return { events, asOf: toUtc(row.as_of) };
    },
    async countStored(projectId, wanted, signal) {
      const statement = compileCountStored(projectId, wanted);
      const row = await readRow<{ stored: string }>(statement, signal);
      return Number(row.stored);
    },
    exportEvents(projectId: string, range: TimeRange, signal: AbortSignal) {
      return exportFromTable(sql, dialect, { projectId, range, signal });
    },
  };

  async function readRow<Row>(statement: Statement, signal: AbortSignal): Promise<Row> {
    const [row] = await runStatement<Row>(sql, statement, signal);
    if (row === undefined) throw new TypeError("Cannot read: the statement returned no row");
    return row;
  }
}

function toUtc(text: unknown): string | null {
  return typeof text === "string" ? formatInstant(Date.parse(text)) : null;
}
