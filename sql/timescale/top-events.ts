import type { TopEventsQuery } from "../../contract/stats-query.ts";
import type { Statement } from "../statement.ts";
import { chooseSource } from "./source.ts";

/** Rows: `TopEventsRow`. */
export function compileTopEvents(query: TopEventsQuery, projectId: string): Statement {
  const { from, to, limit } = query;
  const { name, time, count } = chooseSource({ from, to, interval: "total", needsUsers: true });
  return {
    text: `
      select event_type, ${count} as events, count(distinct user_id) as users
      from ${name}
      where project_id = $1 and ${time} >= $2::timestamptz and ${time} < $3::timestamptz
      group by event_type
      order by events desc, event_type collate "C"
      limit $4::int`,
    params: [projectId, from, to, limit],
    sources: [name],
  };
}
