import { toEventPage } from "../../contract/event-page.ts";
import type { StatsRow } from "../../contract/stats-row.ts";
import { type StoredEventRow, toStoredEvent } from "../../contract/stored-event-row.ts";
import { compileCountStored, MAX_WANTED } from "../../sql/clickhouse/count-stored.ts";
import { clickHouseDialect } from "../../sql/clickhouse/dialect.ts";
import { compileExportPiece } from "../../sql/clickhouse/export-piece.ts";
import { compileFindEvent } from "../../sql/clickhouse/find-event.ts";
import { compileRows } from "../../sql/stats/compile-rows.ts";
import type { EventReader } from "../engine.ts";
import type { ClickHouse } from "./database.ts";
import { readPageRows } from "./read-page.ts";

/** At 32 KiB an event, the most that one may have, 64 MiB; as a rule 1 MiB. */
const PIECE_ROWS = 2_000;

export type ClickHouseReaderOptions = {
  readonly clickHouse: ClickHouse;
  readonly asOf: () => string | null;
};

/** What was acknowledged before `asOf` is in every answer: it is read before the statement runs. */
export function createClickHouseReader({ clickHouse, asOf }: ClickHouseReaderOptions): EventReader {
  return {
    async readStats(projectId, query, signal) {
      const statement = compileRows(query, projectId, clickHouseDialect);
      const claimed = asOf();
      const rows = await clickHouse.read<StatsRow>(statement, signal);
      return { rows, asOf: claimed, sources: statement.sources };
    },
    async readPage(projectId, query, signal) {
      const claimed = asOf();
      const rows = await readPageRows(clickHouse, projectId, query, signal);
      return { ...toEventPage(rows, query.limit), asOf: claimed, sources: ["events"] };
    },
    async findEvent(projectId, eventId, range, signal) {
      const claimed = asOf();
      const statement = compileFindEvent(projectId, eventId, range);
      const rows = await clickHouse.read<StoredEventRow>(statement, signal);
      return { events: rows.map(toStoredEvent), asOf: claimed };
    },
    async countStored(projectId, wanted, signal) {
      let stored = 0;
      for (let from = 0; from < wanted.length; from += MAX_WANTED) {
        const statement = compileCountStored(projectId, wanted.slice(from, from + MAX_WANTED));
        const [row] = await clickHouse.read<{ stored: number }>(statement, signal);
        stored += row?.stored ?? 0;
      }
      return stored;
    },
    /** Each piece is a query of its own that begins after the last row before: nothing stays open however slowly they are taken. */
    async *exportEvents(projectId, range, signal) {
      let after: StoredEventRow | undefined;
      for (;;) {
        const statement = compileExportPiece(projectId, range, after, PIECE_ROWS);
        const rows = await clickHouse.read<StoredEventRow>(statement, signal);
        if (rows.length > 0) yield rows.map(toStoredEvent);
        after = rows.at(-1);
        if (after === undefined || rows.length < PIECE_ROWS) return;
      }
    },
  };
}
