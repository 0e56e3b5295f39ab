import { keyOfField } from "../../contract/property-filter.ts";
import type { EventsQuery } from "../../contract/stats-query.ts";
import { chooseSource } from "../source.ts";
import type { CompiledRows, Target } from "./compile-rows.ts";
import { andFilters, bucketOf, inRange } from "./conditions.ts";

/** Rows: `EventsRow`. */
export function compileEvents(query: EventsQuery, target: Target): CompiledRows {
  const { dialect, projectId, bind } = target;
  const { interval, event_type, measure, breakdown, filters, from, limit } = query;
  const isByProperty = breakdown !== undefined && breakdown !== "event_type";
  const source = chooseSource({
    ...query,
    needsUsers: measure === "users",
    needsProperties: isByProperty || filters.length > 0,
  });
  const bucket =
    interval === "total"
      ? bind(from, "text")
      : dialect.instant(bucketOf(source, interval, dialect));
  const isOfType = event_type === undefined ? "" : ` and event_type = ${bind(event_type, "text")}`;
  const matching = `
      from ${dialect.relation(source.name)}
      where ${inRange(source, query, projectId, bind)}${isOfType}${andFilters(filters, dialect, bind)}`;

  if (breakdown === undefined) {
    const counted =
      measure === "users"
        ? `select count_bucket as bucket, count(*) as value
      from (select distinct ${bucket} as count_bucket, user_id ${matching}) as active`
        : `select ${bucket} as bucket, ${source.count} as value ${matching}`;
    return { text: `${counted}\n      group by 1`, source: source.name };
  }
  const group = isByProperty ? dialect.textOf(bind(keyOfField(breakdown), "key")) : "event_type";
  const rest = bind(limit + 1, "int");
  // A cell is a bucket of a group with its events, or with one of its users: what a group weighs is known before the rest is merged.
  const cells =
    measure === "users"
      ? `select distinct ${bucket} as cell_bucket, ${group} as cell_group, user_id ${matching}`
      : `select ${bucket} as cell_bucket, ${group} as cell_group, ${source.count} as cell_events ${matching}
      group by 1, 2`;
  const weight = measure === "users" ? "count(*)" : "sum(cell_events)";
  const value = measure === "users" ? "count(distinct user_id)" : "sum(cell_events)";
  return {
    text: `
      with cells as (${cells}
      ), weighed as (
        select cells.*, ${weight} over (partition by cell_group) as weight from cells
      ), placed as (
        select weighed.*, dense_rank() over (order by weight desc, cell_group asc nulls last) as full_place from weighed
      )
      select
        cell_bucket as bucket,
        least(full_place, ${rest}) as place,
        min(case when full_place < ${rest} then cell_group end) as "group",
        ${value} as value
      from placed
      group by 1, 2`,
    source: source.name,
  };
}
