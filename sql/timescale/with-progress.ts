import type { Statement } from "../statement.ts";

/** The one row that a statement of {@link withProgress} returns; all columns are `json`, which no client reads its own way. */
export type ProgressRow = {
  /** The inner statement's rows. */
  readonly data: unknown;
  /** Text with an offset, or null while no worker has reported. */
  readonly as_of: unknown;
  /** Text with an offset, or null: rows before it are in the cold tier alone. */
  readonly floor: unknown;
};

/** One statement for rows, the time they were true and the tier's border, so that all come from one snapshot and one round trip. */
export function withProgress({ text, params, sources }: Statement): Statement {
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
