import type { TimeRange } from "../../contract/event-reading.ts";
import type { StoredEventRow } from "../../contract/stored-event-row.ts";
import { createBinder, type Statement } from "../statement.ts";
import { clickHouseDialect } from "./dialect.ts";

/** The next rows of a range in the order of the table, from its beginning or after a row: `StoredEventRow`. */
export function compileExportPiece(
  projectId: string,
  range: TimeRange,
  after: Pick<StoredEventRow, "occurred_at" | "event_id"> | undefined,
  limit: number,
): Statement {
  const { bind, params } = createBinder(clickHouseDialect);
  const from = bind(after?.occurred_at ?? range.from, "instant");
  const isAfter =
    after === undefined
      ? ""
      : `and (occurred_at > ${from} or event_id > ${bind(after.event_id, "uuid")})`;
  return {
    // Ids compare as the table sorts them here, by their second half.
    text: `
      select ${clickHouseDialect.eventColumns}
      from events final
      where
        project_id = ${bind(projectId, "text")} and occurred_at >= ${from}
        and occurred_at < ${bind(range.to, "instant")} ${isAfter}
      order by occurred_at, event_id
      limit ${bind(limit, "int")}`,
    params,
    sources: ["events"],
  };
}
