import { type EventsQuery, MAX_VALUES } from "../../contract/stats-query.ts";
import { bindTo, type Parameter, type Statement } from "../statement.ts";
import { bucketOf, chooseSource } from "./source.ts";

/** Rows: `EventsRow`. One more than an answer may hold are enough to see that it would be too large. */
export function compileEvents(query: EventsQuery, projectId: string): Statement {
  const { from, to, interval, event_type, measure, breakdown } = query;
  const source = chooseSource({ from, to, interval, needsUsers: measure === "users" });
  const { name, time, count } = source;
  const params: Parameter[] = [projectId, from, to];
  const bind = bindTo(params);

  const bucket = interval === "total" ? "$2::timestamptz" : bucketOf(source, interval, bind);
  const value = measure === "users" ? "count(distinct user_id)" : count;
  const group = breakdown === undefined ? "" : `${breakdown} as "group",`;
  const isOfType = event_type === undefined ? "" : `and event_type = ${bind(event_type)}`;
  return {
    text: `
      select ${bucket} as bucket, ${group} ${value} as value
      from ${name}
      where project_id = $1 and ${time} >= $2::timestamptz and ${time} < $3::timestamptz ${isOfType}
      group by 1 ${breakdown === undefined ? "" : ", 2"}
      limit ${bind(MAX_VALUES + 1)}::int`,
    params,
    sources: [name],
  };
}
