import type { TimeRange } from "../../contract/event-reading.ts";
import type { Parameter } from "../parameter.ts";
import type { Statement } from "../statement.ts";

export type FindEventRow = {
  /** `StoredEvent[]`, newest first; times in UTC with microseconds. */
  readonly events: unknown;
  /** Text with an offset, or null. */
  readonly as_of: unknown;
  /** Text with an offset, or null: rows before it are in the cold tier alone. */
  readonly floor: unknown;
};

const MAX_ROWS = 10;

/**
 * The rows with one event's id, of all times or of a range: several if it was sent with several times. Without a range every chunk's
 * index is looked into: 140 ms over 899 chunks of the embedded database, against 6 ms with one.
 */
export function compileFindEvent(projectId: string, eventId: string, range?: TimeRange): Statement {
  const params: Parameter[] = [projectId, eventId];
  const bind = (value: Parameter) => `$${params.push(value)}`;
  const times =
    range === undefined
      ? ""
      : `and events.occurred_at >= ${bind(range.from)}::timestamptz and events.occurred_at < ${bind(range.to)}::timestamptz`;
  return {
    text: `
    select
      (
        select coalesce(json_agg(found), '[]')
        from (
          select
            event_id, ${inUtc("occurred_at")} as occurred_at, ${inUtc("received_at")} as received_at,
            event_type, user_id, properties
          from events
          where project_id = $1 and event_id = $2::uuid ${times}
          order by events.occurred_at desc
          limit ${MAX_ROWS}
        ) as found
      ) as events,
      (select to_json(as_of) from pipeline_as_of) as as_of,
      (select to_json(floor) from hot_floor) as floor`,
    params,
    sources: ["events"],
  };
}

function inUtc(column: string): string {
  return `to_char(events.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
