import type { StatsQuery } from "../contract/stats-query.ts";
import type { StatsReading, StatsRow } from "../contract/stats-row.ts";
import { formatInstant } from "../contract/time-buckets.ts";
import { compileStats, type StatsStatementRow } from "../sql/timescale/compile-stats.ts";
import { createTimescaleDialect } from "../sql/timescale/dialect.ts";
import type { Database } from "./database.ts";

export interface StatsReader {
  /** @throws {ProblemError} `store-unavailable` when the store does not answer in time, or answers an error. */
  read(projectId: string, query: StatsQuery): Promise<StatsReading>;
}

export function createStatsReader(database: Database): StatsReader {
  const dialect = createTimescaleDialect();
  return {
    async read(projectId, query) {
      const statement = compileStats(query, projectId, dialect);
      const [row] = await database.query<StatsStatementRow>(statement);
      if (row === undefined) throw new TypeError("Cannot read statistics: no row was returned");
      const { sources } = statement;
      return { rows: row.data as StatsRow[], asOf: toUtc(row.as_of), sources };
    },
  };
}

/** The database's `as_of`, which is null until a worker has reported. */
export function toUtc(text: unknown): string | null {
  return typeof text === "string" ? formatInstant(Date.parse(text)) : null;
}
