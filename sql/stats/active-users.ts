import type { ActiveUsersQuery } from "../../contract/stats-query.ts";
import { chooseSource } from "../source.ts";
import { bucketOf, inRange } from "./conditions.ts";
import type { CompiledRows, Target } from "./target.ts";

/** Rows: `ActiveUsersRow`. The inner `distinct` is hashed; PostgreSQL sorts for `count(distinct …)`, which takes twice as long. */
export function compileActiveUsers(query: ActiveUsersQuery, target: Target): CompiledRows {
  const { dialect, projectId, bind } = target;
  const source = chooseSource({ ...query, needsUsers: true });
  return {
    text: `
      select ${dialect.instant("active_bucket")} as bucket, count(*) as users
      from (
        select distinct ${bucketOf(source, query.interval, dialect)} as active_bucket, user_id
        from ${dialect.relation(source.name)}
        where ${inRange(source, query, projectId, bind)}
      ) as active
      group by 1`,
    source: source.name,
  };
}
