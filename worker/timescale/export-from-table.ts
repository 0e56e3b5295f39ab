import type { TimeRange } from "../../contract/event-reading.ts";
import type { StoredEvent } from "../../contract/receipt.ts";
import { type StoredEventRow, toStoredEvent } from "../../contract/stored-event-row.ts";
import type { Dialect } from "../../sql/dialect.ts";
import { createBinder } from "../../sql/statement.ts";
import type { Sql } from "./database.ts";
import { runStatement } from "./run-statement.ts";

/** At 32 KiB an event, the most that one may have, 64 MiB; as a rule 1 MiB. */
const PIECE_ROWS = 2_000;

export type ExportQuestion = {
  readonly projectId: string;
  readonly range: TimeRange;
  readonly signal: AbortSignal;
};

/**
 * All rows of a project in a range, oldest first. Each piece is a statement of its own that begins after the last row before (keyset
 * paging): no transaction stays open however slowly the reader takes them. A row that is stored meanwhile may or may not be there.
 */
export async function* exportFromTable(
  sql: Sql,
  dialect: Dialect,
  { projectId, range, signal }: ExportQuestion,
): AsyncGenerator<readonly StoredEvent[]> {
  let after: StoredEventRow | undefined;
  for (;;) {
    const { bind, params } = createBinder(dialect);
    const from = bind(after?.occurred_at ?? range.from, "instant");
    const isAfter =
      after === undefined
        ? ""
        : `and (occurred_at > ${from} or event_id > ${bind(after.event_id, "uuid")})`;
    const text = `
      select ${dialect.eventColumns}
      from (
        select * from events
        where
          project_id = ${bind(projectId, "text")} and occurred_at >= ${from}
          and occurred_at < ${bind(range.to, "instant")} ${isAfter}
        order by occurred_at, event_id
        limit ${bind(PIECE_ROWS, "int")}
      ) as piece
      order by piece.occurred_at, piece.event_id`;
    const rows = await runStatement<StoredEventRow>(sql, { text, params }, signal);
    if (rows.length > 0) yield rows.map(toStoredEvent);
    after = rows.at(-1);
    if (after === undefined || rows.length < PIECE_ROWS) return;
  }
}
