import { keyOfField, type PropertyFilter } from "../../contract/property-filter.ts";
import type { Interval } from "../../contract/time-buckets.ts";
import type { Dialect } from "../dialect.ts";
import type { Bind } from "../parameter.ts";
import type { Source } from "../source.ts";

/** The rows of one project in a range of time. */
export function inRange(
  source: Pick<Source, "time">,
  query: { readonly from: string; readonly to: string },
  projectId: string,
  bind: Bind,
): string {
  const { time } = source;
  return `project_id = ${bind(projectId, "text")} and ${time} >= ${bind(query.from, "instant")} and ${time} < ${bind(query.to, "instant")}`;
}

/** The start of the bucket that a row falls in. */
export function bucketOf(source: Source, interval: Interval, dialect: Dialect): string {
  return source.grain === interval ? source.time : dialect.truncate(interval, source.time);
}

/** ` and …` for each filter. */
export function andFilters(
  filters: readonly PropertyFilter[],
  dialect: Dialect,
  bind: Bind,
): string {
  return filters.map((filter) => ` and ${compileFilter(filter, dialect, bind)}`).join("");
}

const COMPARISONS = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

/** True, false or null; null counts as false. */
function compileFilter(filter: PropertyFilter, dialect: Dialect, bind: Bind): string {
  const keyName = keyOfField(filter.field);
  const key = () => bind(keyName, "key");
  switch (filter.op) {
    case "eq":
      return dialect.equals(keyName, filter.value, bind);
    case "neq":
      return `not coalesce(${dialect.equals(keyName, filter.value, bind)}, false)`;
    case "in":
      return `(${filter.value.map((value) => dialect.equals(keyName, value, bind)).join(" or ")})`;
    case "contains":
      return dialect.contains(key(), bind(filter.value, "text"));
    case "exists":
      return filter.value ? dialect.exists(key()) : `not ${dialect.exists(key())}`;
    default:
      return `${dialect.numberOf(key())} ${COMPARISONS[filter.op]} ${bind(filter.value, "number")}`;
  }
}
