import type { TopEventsQuery } from "../../contract/stats-query.ts";
import { chooseSource } from "../source.ts";
import { inRange } from "./conditions.ts";
import type { CompiledRows, Target } from "./target.ts";

/** Rows: `TopEventsRow`. */
export function compileTopEvents(query: TopEventsQuery, target: Target): CompiledRows {
  const { dialect, projectId, bind } = target;
  const source = chooseSource({ ...query, interval: "total", needsUsers: true });
  return {
    text: `
      select event_type, counted_events as events, users
      from (
        select event_type, sum(user_events) as counted_events, count(*) as users
        from (
          select event_type, user_id, ${source.count} as user_events
          from ${dialect.relation(source.name)}
          where ${inRange(source, query, projectId, bind)}
          group by event_type, user_id
        ) as by_user
        group by event_type
      ) as counted
      order by counted_events desc, event_type
      limit ${bind(query.limit, "int")}`,
    source: source.name,
  };
}
