import type { WantedEvent } from "../../contract/event-reading.ts";
import { toDateTime } from "./dialect.ts";

/** ClickHouse takes no value that is longer than 128 KiB (http_max_field_value_size): a list of these is 40 KiB. */
export const MAX_WANTED = 1_000;

export type CountStored = {
  readonly text: string;
  readonly values: {
    readonly project: string;
    readonly ids: readonly string[];
    readonly times: readonly string[];
    readonly others: readonly string[];
  };
};

/** One row, `stored`: how many of at most {@link MAX_WANTED} events have a row. Repeats of a row are one, so that it needs no `final`. */
export function compileCountStored(projectId: string, wanted: readonly WantedEvent[]): CountStored {
  const exact = wanted.flatMap(({ eventId, occurredAt }) =>
    occurredAt === undefined ? [] : [{ eventId, occurredAt }],
  );
  const byId = wanted.filter(({ occurredAt }) => occurredAt === undefined);
  return {
    // The times lead to granules by the sorting key, the ids by their bloom filter.
    text: `
      select (
        select uniqExact(event_id)
        from events
        where
          project_id = {project:String} and occurred_at in {times:Array(DateTime64(6, 'UTC'))}
          and has(arrayZip({ids:Array(UUID)}, {times:Array(DateTime64(6, 'UTC'))}), (event_id, occurred_at))
      ) + (
        select uniqExact(event_id)
        from events
        where project_id = {project:String} and event_id in {others:Array(UUID)}
      ) as stored`,
    values: {
      project: projectId,
      ids: exact.map(({ eventId }) => eventId),
      times: exact.map(({ occurredAt }) => toDateTime(occurredAt)),
      others: byId.map(({ eventId }) => eventId),
    },
  };
}
