import { neon, neonConfig } from "@neondatabase/serverless";
import type { StatsQuery } from "../contract/stats-query.ts";
import type { StatsReading, StatsRow } from "../contract/stats-row.ts";
import { formatInstant } from "../contract/time-buckets.ts";
import { compileStats, type StatsStatementRow } from "../sql/timescale/compile-stats.ts";
import { ProblemError } from "./problem.ts";

export interface StatsReader {
  /** @throws {ProblemError} `store-unavailable` when the store does not answer in time, or answers an error. */
  read(projectId: string, query: StatsQuery): Promise<StatsReading>;
  /** Rejects when the store cannot be read. */
  ping(): Promise<unknown>;
}

export type NeonOptions = {
  /** `postgresql://user:password@host/database` */
  readonly url: string;
  /** Where a local stand-in takes Neon's HTTP requests; by default the database's host itself. */
  readonly fetchEndpoint?: string | undefined;
  readonly timeoutMs?: number;
};

const RETRY_AFTER_SECONDS = "2";

/** Reads TimescaleDB or PostgreSQL through Neon's HTTP protocol: one request a query, nothing kept between them. */
export function createNeonStatsReader(options: NeonOptions): StatsReader {
  const { url, fetchEndpoint, timeoutMs = 5_000 } = options;
  // The client has this setting for all databases only; the edge has one.
  if (fetchEndpoint !== undefined) neonConfig.fetchEndpoint = fetchEndpoint;
  const sql = neon(url, { disableWarningInBrowsers: true });
  const run = (text: string, params: readonly (string | number)[]) =>
    sql.query(text, [...params], { fetchOptions: { signal: AbortSignal.timeout(timeoutMs) } });

  return {
    async read(projectId, query) {
      const { text, params, sources } = compileStats(query, projectId);
      try {
        const [row] = (await run(text, params)) as StatsStatementRow[];
        if (row === undefined) throw new TypeError("Cannot read statistics: no row was returned");
        return { rows: row.data as StatsRow[], asOf: toUtc(row.as_of), sources };
      } catch (cause) {
        throw new ProblemError("store-unavailable", {
          detail: "The database did not answer in time, or answered an error: ask again",
          headers: { "retry-after": RETRY_AFTER_SECONDS },
          cause,
        });
      }
    },
    ping: () => run("select 1", []),
  };
}

function toUtc(text: unknown): string | null {
  return typeof text === "string" ? formatInstant(Date.parse(text)) : null;
}
