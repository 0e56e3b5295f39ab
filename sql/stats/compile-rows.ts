import type { StatsQuery } from "../../contract/stats-query.ts";
import type { Dialect } from "../dialect.ts";
import { createBinder, type Statement } from "../statement.ts";
import { compileActiveUsers } from "./active-users.ts";
import { compileEvents } from "./events.ts";
import { compileFunnel } from "./funnel.ts";
import { compileRetention } from "./retention.ts";
import type { CompiledRows, Target } from "./target.ts";
import { compileTopEvents } from "./top-events.ts";

/** A statement whose result is the `StatsRow`s of a query. The project is its first parameter. */
export function compileRows(query: StatsQuery, projectId: string, dialect: Dialect): Statement {
  const { bind, params } = createBinder(dialect);
  bind(projectId, "text");
  const { text, source } = compile(query, { projectId, dialect, bind });
  return { text, params, sources: [source] };
}

function compile(query: StatsQuery, target: Target): CompiledRows {
  switch (query.kind) {
    case "active_users":
      return compileActiveUsers(query, target);
    case "top_events":
      return compileTopEvents(query, target);
    case "events":
      return compileEvents(query, target);
    case "retention":
      return compileRetention(query, target);
    case "funnel":
      return compileFunnel(query, target);
  }
}
