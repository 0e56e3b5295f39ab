import type { WantedEvent } from "../../contract/event-reading.ts";
import { createBinder, type Statement } from "../statement.ts";
import { duckDbDialect } from "./dialect.ts";

/** One row, `stored`: how many of the events have a row. Ids may not repeat. */
export function compileCountStored(projectId: string, wanted: readonly WantedEvent[]): Statement {
  const { bind, params } = createBinder(duckDbDialect);
  const project = bind(projectId, "text");
  // One parameter for all of them, whose number has no limit then.
  const list = bind(
    JSON.stringify(wanted.map(({ eventId, occurredAt = null }) => ({ eventId, occurredAt }))),
    "text",
  );
  return {
    text: `
      with listed as (
        select unnest(from_json(${list}, '[{"eventId": "VARCHAR", "occurredAt": "VARCHAR"}]'), recursive := true)
      ), wanted as (
        select "eventId"::uuid as event_id, "occurredAt"::timestamp as occurred_at from listed
      )
      select count(distinct events.event_id) as stored
      from events join wanted on wanted.event_id = events.event_id
      where
        project_id = ${project}
        and (wanted.occurred_at is null or wanted.occurred_at = events.occurred_at)${inTimesOf(wanted)}`,
    params,
    sources: ["events"],
  };

  /** All row groups of other times are left out, if every event has a time. */
  function inTimesOf(events: readonly WantedEvent[]): string {
    const times = events.map(({ occurredAt }) => Date.parse(occurredAt ?? ""));
    const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
    const last = times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
    if (!Number.isFinite(first) || !Number.isFinite(last)) return "";
    const from = bind(new Date(first).toISOString(), "instant");
    // The next millisecond: times may have microseconds.
    const to = bind(new Date(last + 1).toISOString(), "instant");
    return ` and events.occurred_at >= ${from} and events.occurred_at < ${to}`;
  }
}
