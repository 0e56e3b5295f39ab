import type { WantedEvent } from "../../contract/event-reading.ts";
import type { Statement } from "../statement.ts";

export type CountStoredRow = {
  /** How many of the events have a row. */
  readonly stored: unknown;
  /** Text with an offset, or null: rows before it are in the cold tier alone. */
  readonly floor: unknown;
};

/** Ids may not repeat. */
export function compileCountStored(projectId: string, wanted: readonly WantedEvent[]): Statement {
  const exact = wanted.flatMap(({ eventId, occurredAt }) =>
    occurredAt === undefined ? [] : [{ eventId, occurredAt }],
  );
  const byId = wanted.filter(({ occurredAt }) => occurredAt === undefined);
  const timesMs = exact.map(({ occurredAt }) => Date.parse(occurredAt));
  return {
    // `lateral … limit 1` keeps to one look into the key's index for each event; a semi-join may read whole chunks instead.
    // The ends of the times let the planner leave out all other chunks.
    text: `
    select (
      select count(*)
      from unnest($2::uuid[], $3::timestamptz[]) as wanted(event_id, occurred_at)
      cross join lateral (
        select from events
        where
          project_id = $1 and events.event_id = wanted.event_id and events.occurred_at = wanted.occurred_at
          and events.occurred_at >= $5::timestamptz and events.occurred_at < $6::timestamptz
        limit 1
      ) as found
    ) + (
      select count(*)
      from unnest($4::uuid[]) as wanted(event_id)
      cross join lateral (
        select from events where project_id = $1 and events.event_id = wanted.event_id limit 1
      ) as found
    ) as stored, (select to_json(floor) from hot_floor) as floor`,
    params: [
      projectId,
      toArray(exact.map(({ eventId }) => eventId)),
      toArray(exact.map(({ occurredAt }) => occurredAt)),
      toArray(byId.map(({ eventId }) => eventId)),
      new Date(Math.min(...timesMs, MAX_MS)).toISOString(),
      // The next millisecond: times may have microseconds.
      new Date(Math.max(...timesMs, MIN_MS) + 1).toISOString(),
    ],
    sources: ["events"],
  };
}

/** Ends for no times at all. */
const MIN_MS = Date.UTC(1);
const MAX_MS = Date.UTC(9999);

/** Ids and times hold nothing that an array literal reads specially. */
function toArray(values: readonly string[]): string {
  return `{${values.join(",")}}`;
}
