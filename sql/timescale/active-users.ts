import type { ActiveUsersQuery } from "../../contract/stats-query.ts";
import { bindTo, type Parameter, type Statement } from "../statement.ts";
import { bucketOf, chooseSource } from "./source.ts";

/** Rows: `ActiveUsersRow`. */
export function compileActiveUsers(query: ActiveUsersQuery, projectId: string): Statement {
  const { from, to, interval } = query;
  const source = chooseSource({ from, to, interval, needsUsers: true });
  const { name, time } = source;
  const params: Parameter[] = [projectId, from, to];
  return {
    text: `
      select ${bucketOf(source, interval, bindTo(params))} as bucket, count(distinct user_id) as users
      from ${name}
      where project_id = $1 and ${time} >= $2::timestamptz and ${time} < $3::timestamptz
      group by 1`,
    params,
    sources: [name],
  };
}
