import { keyOfField, type PropertyFilter } from "../../contract/property-filter.ts";
import type { StatsQuery } from "../../contract/stats-query.ts";
import { formatInstant, type Interval } from "../../contract/time-buckets.ts";
import type { Bind } from "../../sql/parameter.ts";
import type { SourceName } from "../../sql/source.ts";
import { createBinder, type Statement } from "../../sql/statement.ts";
import { andFilters } from "../../sql/stats/conditions.ts";
import { createTimescaleDialect } from "../../sql/timescale/dialect.ts";

const dialect = createTimescaleDialect();

/**
 * What a question may count of a source: `row_time`, `event_type`, `user_id`, `properties` with the keys that are asked about, `events`.
 * Rows that it cannot tell apart come once, with their number and the time of the first of them. DuckDB asks all conditions again; here they
 * keep rows from being moved in vain. The project is parameter 1.
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
  const view = viewOf(query);
  const pairs = view.keys.map((key) => bind(key, "key")).map((key) => `${key}, properties->${key}`);
  const columns = {
    event_type: view.hasType ? "event_type" : undefined,
    user_id: view.hasUser ? "user_id" : undefined,
    properties: pairs.length === 0 ? undefined : `jsonb_build_object(${pairs.join(", ")})`,
  };
  const moment = view.interval === "none" ? time : `min(${time})`;
  const weight = source === "events" ? "count(*)" : "sum(events)";
  const groups = [
    ...(view.interval === "none" || view.interval === "total"
      ? []
      : [dialect.truncate(view.interval, time)]),
    ...Object.values(columns).filter((column) => column !== undefined),
  ];
  return {
    text: `
      select
        (${moment} at time zone 'UTC')::text as row_time,
        ${columns.event_type ?? "null"}::text as event_type,
        ${columns.user_id ?? "null"}::text as user_id,
        ${columns.properties ?? "null"}::text as properties,
        ${view.interval === "none" ? "1" : weight}::text as events
      from ${source}
      where project_id = ${project} and ${time} >= ${from} and ${time} < ${to} ${conditionsOf(query, bind)}
      ${view.interval === "none" ? "" : `group by ${groups.length === 0 ? "()" : groups.join(", ")} having count(*) > 0`}
      limit ${limit}`,
    params,
  };
}

/** What a question sees of a row. A key that is absent and one that is null are alike to every question. */
type View = {
  /** Rows of one such bucket, or of all the time, are alike. `none`: every row has a time of its own. */
  readonly interval: Interval | "total" | "none";
  readonly hasType: boolean;
  readonly hasUser: boolean;
  readonly keys: readonly string[];
};

function viewOf(query: StatsQuery): View {
  switch (query.kind) {
    case "active_users":
    case "retention":
      return { interval: query.interval, hasType: false, hasUser: true, keys: [] };
    case "top_events":
      return { interval: "total", hasType: true, hasUser: true, keys: [] };
    case "events": {
      const { interval, breakdown, event_type, measure, filters } = query;
      const isByProperty = breakdown !== undefined && breakdown !== "event_type";
      return {
        interval,
        hasType: event_type !== undefined || breakdown === "event_type",
        hasUser: measure === "users",
        keys: unique([...keysOf(filters), ...(isByProperty ? [keyOfField(breakdown)] : [])]),
      };
    }
    case "funnel": {
      const keys = unique(query.steps.flatMap(({ filters }) => keysOf(filters)));
      return { interval: "none", hasType: true, hasUser: true, keys };
    }
  }
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

function keysOf(filters: readonly PropertyFilter[]): readonly string[] {
  return filters.map(({ field }) => keyOfField(field));
}

function unique(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)];
}
