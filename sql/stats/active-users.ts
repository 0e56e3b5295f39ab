import type { ActiveUsersQuery } from "../../contract/stats-query.ts";
import { chooseSource } from "../source.ts";
import type { CompiledRows, Target } from "./compile-rows.ts";
import { bucketOf, inRange } from "./conditions.ts";

/** Rows: `ActiveUsersRow`. */
export function compileActiveUsers(query: ActiveUsersQuery, target: Target): CompiledRows {
  const { dialect, projectId, bind } = target;
  const source = chooseSource({ ...query, needsUsers: true });
  return {
    text: `
      select ${dialect.instant(bucketOf(source, query.interval, dialect))} as bucket, count(distinct user_id) as users
      from ${dialect.relation(source.name)}
      where ${inRange(source, query, projectId, bind)}
      group by 1`,
    source: source.name,
  };
}
