import type { EventPageQuery } from "./event-page.ts";
import type { ExportQuery } from "./export-query.ts";
import type { EventsQuery, StatsQuery } from "./stats-query.ts";
import { DAY_MS } from "./time-buckets.ts";

/** No question costs more: a project's burst of query units must hold it, or it could never be asked. */
export const MAX_QUERY_COST = 40;

/** What became of one event: a look at an index. */
export const RECEIPT_COST = 1;

/**
 * What a question takes from its project's query units: roughly how much a store has to read for it, in small numbers that a client can
 * reckon by itself. docs/http-api.md has the same table.
 */
export function queryCost(query: StatsQuery): number {
  return pointsOf(query) * rangeFactor(query.from, query.to);
}

/** A page follows an index from its newest row; tests of properties may pass over many. */
export function pageCost({ filters }: Pick<EventPageQuery, "filters">): number {
  return filters.length > 0 ? 4 : 2;
}

/** Every row of the range, with its properties. */
export function exportCost({ from, to }: Pick<ExportQuery, "from" | "to">): number {
  return 10 * rangeFactor(from, to);
}

function pointsOf(query: StatsQuery): number {
  switch (query.kind) {
    case "active_users":
    case "top_events":
      return 2;
    case "events":
      return eventsPoints(query);
    case "retention":
      return 4;
    case "funnel":
      return query.steps.some(({ filters }) => filters.length > 0) ? 6 : 4;
  }
}

/** Hourly sums suffice for 1; distinct users, properties and minutes need rows. */
function eventsPoints({ measure, breakdown, filters, interval }: EventsQuery): number {
  const users = measure === "users" ? 2 : 0;
  const groups = breakdown === undefined ? 0 : breakdown === "event_type" ? 1 : 2;
  const tests = filters.length > 0 ? 2 : 0;
  const minutes = interval === "minute" ? 1 : 0;
  return 1 + users + groups + tests + minutes;
}

/** 1 up to a month, 2 up to a quarter, 3 up to a year, 4 beyond. */
function rangeFactor(from: string, to: string): number {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  return 1 + [31, 92, 366].filter((limit) => days > limit).length;
}
