import { type EventPage, toEventPage } from "../../contract/event-page.ts";
import type { StatsRow } from "../../contract/stats-row.ts";
import { type StoredEventRow, toStoredEvent } from "../../contract/stored-event-row.ts";
import { compileCountStored } from "../../sql/duckdb/count-stored.ts";
import { duckDbDialect } from "../../sql/duckdb/dialect.ts";
import { compileExportPiece } from "../../sql/duckdb/export-piece.ts";
import { compileFindEvent } from "../../sql/duckdb/find-event.ts";
import { compileEventPage } from "../../sql/events/page.ts";
import { compileRows } from "../../sql/stats/compile-rows.ts";
import type { EventReader } from "../engine.ts";
import type { DuckDb } from "./database.ts";

/** At 32 KiB an event, the most that one may have, 160 MiB; as a rule 1 to 2 MiB. */
const PIECE_ROWS = 5_000;

export type DuckDbReaderDeps = {
  readonly database: () => DuckDb;
  /** See `StreamProgress`: asked before each statement. */
  readonly asOf: () => string | null;
};

export function createDuckDbReader({ database, asOf }: DuckDbReaderDeps): EventReader {
  return {
    async readStats(projectId, query, signal) {
      const statement = compileRows(query, projectId, duckDbDialect);
      const { sources } = statement;
      const claim = asOf();
      return { rows: await database().query<StatsRow>(statement, signal), asOf: claim, sources };
    },
    async readPage(projectId, query, signal): Promise<EventPage> {
      const statement = compileEventPage(query, projectId, duckDbDialect);
      const { sources } = statement;
      const claim = asOf();
      const rows = await database().query<StoredEventRow>(statement, signal);
      return { ...toEventPage(rows, query.limit), asOf: claim, sources };
    },
    async findEvent(projectId, eventId, range, signal) {
      const statement = compileFindEvent(projectId, eventId, range);
      const claim = asOf();
      const rows = await database().query<StoredEventRow>(statement, signal);
      return { events: rows.map(toStoredEvent), asOf: claim };
    },
    async countStored(projectId, wanted, signal) {
      const statement = compileCountStored(projectId, wanted);
      const [row] = await database().query<{ stored: number }>(statement, signal);
      return row?.stored ?? 0;
    },
    /**
     * Each piece begins after the last row before: no snapshot is kept, and no checkpoint waits, however slowly the reader takes them.
     */
    async *exportEvents(projectId, range, signal) {
      let after: StoredEventRow | undefined;
      for (;;) {
        const statement = compileExportPiece(projectId, range, after, PIECE_ROWS);
        const rows = await database().query<StoredEventRow>(statement, signal);
        if (rows.length > 0) yield rows.map(toStoredEvent);
        after = rows.at(-1);
        if (after === undefined || rows.length < PIECE_ROWS) return;
      }
    },
  };
}
