import type { StatsQuery } from "../../contract/stats-query.ts";
import type { Statement } from "../statement.ts";
import { compileActiveUsers } from "./active-users.ts";
import { compileEvents } from "./events.ts";
import { compileRetention } from "./retention.ts";
import { compileTopEvents } from "./top-events.ts";

/** The one row that a statement of {@link compileStats} returns; both columns are `json`, which no client reads its own way. */
export type StatsStatementRow = {
  /** `StatsRow[]` */
  readonly data: unknown;
  /** Text with an offset, or null. */
  readonly as_of: unknown;
};

/**
 * One statement for the rows and the time they were true, so that both come from one snapshot and one round trip.
 * Everything in it is plain PostgreSQL (12 or newer) and does not depend on the session's time zone.
 */
export function compileStats(query: StatsQuery, projectId: string): Statement {
  const { text, params, sources } = compileRows(query, projectId);
  return {
    text: `
    select
      (select coalesce(json_agg(t), '[]') from (${text}) as t) as data,
      (select to_json(as_of) from pipeline_as_of) as as_of`,
    params,
    sources,
  };
}

function compileRows(query: StatsQuery, projectId: string): Statement {
  switch (query.kind) {
    case "active_users":
      return compileActiveUsers(query, projectId);
    case "top_events":
      return compileTopEvents(query, projectId);
    case "events":
      return compileEvents(query, projectId);
    case "retention":
      return compileRetention(query, projectId);
  }
}
