import { keyOfField } from "../../contract/property-filter.ts";
import type { EventsQuery } from "../../contract/stats-query.ts";
import { chooseSource } from "../source.ts";
import { andFilters, bucketOf, inRange } from "./conditions.ts";
import type { CompiledRows, Target } from "./target.ts";

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
  const parts = { bucket, group, rest: bind(limit + 1, "int"), count: source.count, matching };
  const text = measure === "users" ? compileUserGroups(parts) : compileEventGroups(parts);
  return { text, source: source.name };
}

type Parts = {
  readonly bucket: string;
  /** Null for what belongs to no group. */
  readonly group: string;
  /** The place of all groups beyond the limit. */
  readonly rest: string;
  readonly count: string;
  readonly matching: string;
};

/** A cell is a bucket of a group: few, whatever the number of events. */
function compileEventGroups({ bucket, group, rest, count, matching }: Parts): string {
  return `
      with cells as (
        select ${bucket} as cell_bucket, ${group} as cell_group, ${count} as cell_events ${matching}
        group by 1, 2
      ), weighed as (
        select cells.*, sum(cell_events) over (partition by cell_group) as weight from cells
      ), placed as (
        select weighed.*, dense_rank() over (order by weight desc, cell_group asc nulls last) as full_place from weighed
      )
      select
        cell_bucket as bucket,
        least(full_place, ${rest}) as place,
        min(case when full_place < ${rest} then cell_group end) as "group",
        sum(cell_events) as value
      from placed
      group by 1, 2`;
}

/**
 * A cell is a bucket of a group with one of its users: as many as there are users. They are hashed, and only the groups are sorted. Null
 * equals nothing in a join, so that a second column says which group that is.
 */
function compileUserGroups({ bucket, group, rest, matching }: Parts): string {
  return `
      with grouped as (
        select distinct ${bucket} as cell_bucket, ${group} as cell_group, user_id ${matching}
      ), cells as (
        select cell_bucket, coalesce(cell_group, '') as group_text, cell_group is null as is_missing, user_id from grouped
      ), weighed as (
        select group_text, is_missing, count(*) as weight from cells group by group_text, is_missing
      ), placed as (
        select weighed.*, row_number() over (order by weight desc, is_missing, group_text) as full_place from weighed
      ), merged as (
        select distinct
          cell_bucket,
          least(full_place, ${rest}) as place,
          case when full_place < ${rest} and not cells.is_missing then cells.group_text end as shown_group,
          user_id
        from cells join placed on placed.group_text = cells.group_text and placed.is_missing = cells.is_missing
      )
      select cell_bucket as bucket, place, min(shown_group) as "group", count(*) as value
      from merged
      group by 1, 2`;
}
