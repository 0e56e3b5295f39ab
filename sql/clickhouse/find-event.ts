import type { TimeRange } from "../../contract/event-reading.ts";
import { createBinder, type Statement } from "../statement.ts";
import { clickHouseDialect } from "./dialect.ts";

const MAX_ROWS = 10;

/** The rows with one event's id, newest first, of all times or of a range: `StoredEventRow`. */
export function compileFindEvent(
  projectId: string,
  eventId: string,
  range: TimeRange | undefined,
): Statement {
  const { bind, params } = createBinder(clickHouseDialect);
  const inRange =
    range === undefined
      ? ""
      : `and occurred_at >= ${bind(range.from, "instant")} and occurred_at < ${bind(range.to, "instant")}`;
  return {
    text: `
      select ${clickHouseDialect.eventColumns}
      from events final
      where project_id = ${bind(projectId, "text")} and event_id = ${bind(eventId, "uuid")} ${inRange}
      order by occurred_at desc
      limit ${MAX_ROWS}`,
    params,
    sources: ["events"],
  };
}
