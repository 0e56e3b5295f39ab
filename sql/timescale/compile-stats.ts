import type { StatsQuery } from "../../contract/stats-query.ts";
import type { Dialect } from "../dialect.ts";
import type { Statement } from "../statement.ts";
import { compileRows } from "../stats/compile-rows.ts";

/** The one row that a statement of {@link compileStats} returns; all columns are `json`, which no client reads its own way. */
export type StatsStatementRow = {
  /** `StatsRow[]` */
  readonly data: unknown;
  /** Text with an offset, or null. */
  readonly as_of: unknown;
  /** Text with an offset, or null: rows before it are in the cold tier alone. */
  readonly floor: unknown;
};

/** One statement for the rows, the time they were true and the tier's border, so that all come from one snapshot and one round trip. */
export function compileStats(query: StatsQuery, projectId: string, dialect: Dialect): Statement {
  const { text, params, sources } = compileRows(query, projectId, dialect);
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
