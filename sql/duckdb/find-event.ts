import type { TimeRange } from "../../contract/event-reading.ts";
import { createBinder, type Statement } from "../statement.ts";
import { duckDbDialect } from "./dialect.ts";

const MAX_ROWS = 10;

/** Rows: `StoredEventRow` with one event's id, of all times or of a range; several if it was sent with several times. */
export function compileFindEvent(projectId: string, eventId: string, range?: TimeRange): Statement {
  const { bind, params } = createBinder(duckDbDialect);
  const conditions = [
    `project_id = ${bind(projectId, "text")}`,
    `event_id = ${bind(eventId, "uuid")}`,
  ];
  if (range !== undefined) {
    conditions.push(`occurred_at >= ${bind(range.from, "instant")}`);
    conditions.push(`occurred_at < ${bind(range.to, "instant")}`);
  }
  return {
    text: `
      select ${duckDbDialect.eventColumns}
      from events
      where ${conditions.join(" and ")}
      order by events.occurred_at desc
      limit ${bind(MAX_ROWS, "int")}`,
    params,
    sources: ["events"],
  };
}
