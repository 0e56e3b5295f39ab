import type { EventPosition } from "../../contract/event-page.ts";
import type { TimeRange } from "../../contract/event-reading.ts";
import { createBinder, type Statement } from "../statement.ts";
import { duckDbDialect } from "./dialect.ts";

/** Rows: `StoredEventRow`, oldest first: the first ones of a range, or those after an event. */
export function compileExportPiece(
  projectId: string,
  range: TimeRange,
  after: EventPosition | undefined,
  limit: number,
): Statement {
  const { bind, params } = createBinder(duckDbDialect);
  const from = bind(after?.occurred_at ?? range.from, "instant");
  const isAfter =
    after === undefined
      ? ""
      : ` and (occurred_at > ${from} or event_id > ${bind(after.event_id, "uuid")})`;
  return {
    text: `
      select ${duckDbDialect.eventColumns}
      from events
      where
        project_id = ${bind(projectId, "text")} and occurred_at >= ${from}
        and occurred_at < ${bind(range.to, "instant")}${isAfter}
      order by events.occurred_at, events.event_id
      limit ${bind(limit, "int")}`,
    params,
    sources: ["events"],
  };
}
