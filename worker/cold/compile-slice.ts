import { keyOfField, type PropertyFilter } from "../../contract/property-filter.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";
import { formatInstant } from "../../contract/time-buckets.ts";
import type { SourceName } from "../../sql/source.ts";
import { type Bind, createBinder, type Statement } from "../../sql/statement.ts";
import { andFilters } from "../../sql/stats/conditions.ts";
import { createTimescaleDialect } from "../../sql/timescale/dialect.ts";

const dialect = createTimescaleDialect();

/**
 * The rows of a source that a question may count, with no more columns than it looks at: `row_time`, `event_type`, `user_id`, `properties` with
 * the keys that are asked about, `events`. DuckDB asks the same conditions again; here they keep rows from being moved in vain. The project is
 * parameter 1.
 */
export function compileSlice(
  question: {
    readonly projectId: string;
    readonly query: StatsQuery;
    readonly source: SourceName;
    readonly fromMs: number;
    readonly toMs: number;
  },
  limit: number,
): Pick<Statement, "text" | "params"> {
  const { projectId, query, source, fromMs, toMs } = question;
  const { bind, params } = createBinder(dialect);
  const project = bind(projectId, "text");
  const time = source === "events" ? "occurred_at" : "bucket";
  const from = bind(formatInstant(fromMs), "instant");
  const to = bind(formatInstant(Math.max(fromMs, toMs)), "instant");
  const keys = source === "events" ? keysOf(query) : [];
  const pairs = keys.map((key) => bind(key, "key")).map((key) => `${key}, properties->${key}`);
  return {
    text: `
      select
        (${time} at time zone 'UTC')::text as row_time,
        event_type,
        ${source === "events_hourly" ? "null::text" : "user_id"} as user_id,
        ${pairs.length === 0 ? "null" : `jsonb_build_object(${pairs.join(", ")})`}::text as properties,
        ${source === "events" ? "null::text" : "events::text"} as events
      from ${source}
      where project_id = ${project} and ${time} >= ${from} and ${time} < ${to} ${conditionsOf(query, bind)}
      limit ${limit}`,
    params,
  };
}

function conditionsOf(query: StatsQuery, bind: Bind): string {
  if (query.kind === "funnel") {
    const steps = query.steps.map(
      ({ event_type, filters }) =>
        `(event_type = ${bind(event_type, "text")}${andFilters(filters, dialect, bind)})`,
    );
    return `and (${steps.join(" or ")})`;
  }
  if (query.kind !== "events") return "";
  const isOfType =
    query.event_type === undefined ? "" : `and event_type = ${bind(query.event_type, "text")}`;
  return `${isOfType}${andFilters(query.filters, dialect, bind)}`;
}

/** A key that is absent and one that is null are alike to every question. */
function keysOf(query: StatsQuery): readonly string[] {
  const ofFilters = (filters: readonly PropertyFilter[]) =>
    filters.map(({ field }) => keyOfField(field));
  switch (query.kind) {
    case "events": {
      const { breakdown, filters } = query;
      const isByProperty = breakdown !== undefined && breakdown !== "event_type";
      return unique([...ofFilters(filters), ...(isByProperty ? [keyOfField(breakdown)] : [])]);
    }
    case "funnel":
      return unique(query.steps.flatMap(({ filters }) => ofFilters(filters)));
    default:
      return [];
  }
}

function unique(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)];
}
