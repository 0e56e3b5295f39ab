import type { EventPageQuery } from "../../contract/event-page.ts";
import type { Dialect } from "../dialect.ts";
import { compileEventPage } from "../events/page.ts";
import type { Statement } from "../statement.ts";

/** The one row that a statement of {@link compilePage} returns; all columns are `json`. */
export type PageStatementRow = {
  /** `StoredEventRow[]`, one more than the page has if there are more. */
  readonly data: unknown;
  /** Text with an offset, or null. */
  readonly as_of: unknown;
  /** Text with an offset, or null: rows before it are in the cold tier alone. */
  readonly floor: unknown;
};

/**
 * One statement for a page of raw rows, the time they were true and the tier's border: one snapshot and one round trip.
 *
 * A user's timeline walks the project's rows from the newest on. To read the user's days from `user_days` first, and only those days'
 * rows, does not pay. 1M rows of 90 days in PostgreSQL 15, a page of 100: without continuous aggregates, which is what Neon has,
 * `user_days` is a view of the same rows and the page takes 190–380 ms in place of 2 ms (a user of 17,000 events) to 190 ms (one event).
 * With a stored `user_days` it takes 8 ms in place of 220 ms for a user of one day, but 270 in place of 240 ms for one of 46 days and 420
 * in place of 6 ms for one of 90. What pays is an index on (project_id, user_id, occurred_at desc): 0.5–4 ms for all of them, for 39 MB
 * beside 303 MB.
 */
export function compilePage(query: EventPageQuery, projectId: string, dialect: Dialect): Statement {
  const { text, params, sources } = compileEventPage(query, projectId, dialect);
  return {
    text: `
    select
      (select coalesce(json_agg(t), '[]') from (${text}) as t) as data,
      (select to_json(as_of) from pipeline_as_of) as as_of,
      (select to_json(floor) from hot_floor) as floor`,
    params,
    sources,
  };
}
