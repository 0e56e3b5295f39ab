import type { Statement } from "../statement.ts";

export type FindEventRow = {
  /** `StoredEvent[]`, newest first; times in UTC with microseconds. */
  readonly events: unknown;
  /** Text with an offset, or null. */
  readonly as_of: unknown;
};

const MAX_ROWS = 10;

/** The rows with one event's id: several if it was sent with several times. */
export function compileFindEvent(projectId: string, eventId: string): Statement {
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
          where project_id = $1 and event_id = $2::uuid
          order by events.occurred_at desc
          limit ${MAX_ROWS}
        ) as found
      ) as events,
      (select to_json(as_of) from pipeline_as_of) as as_of`,
    params: [projectId, eventId],
    sources: ["events"],
  };
}

function inUtc(column: string): string {
  return `to_char(events.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
