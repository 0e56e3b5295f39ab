import type { StatsQuery } from "../../contract/stats-query.ts";
import type { Dialect } from "../dialect.ts";
import type { Statement } from "../statement.ts";
import { compileRows } from "../stats/compile-rows.ts";
import { withProgress } from "./with-progress.ts";

/** A `ProgressRow` whose `data` is `StatsRow[]`. */
export function compileStats(query: StatsQuery, projectId: string, dialect: Dialect): Statement {
  return withProgress(compileRows(query, projectId, dialect));
}
