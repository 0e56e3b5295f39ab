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

/** One statement for a page of raw rows, the time they were true and the tier's border: one snapshot and one round trip. */
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
