import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import type { Statement } from "../sql/statement.ts";
import { ProblemError } from "./http/problem.ts";
import { storeTimeout } from "./store/store-timeout.ts";

export interface Database {
  /**
   * The statement's rows. The answer takes no longer than `timeoutMs`.
   * @throws {ProblemError} `store-timeout` when the database does not answer in time, `store-unavailable` when it cannot be reached or
   * answers an error.
   */
  query<Row>(statement: Pick<Statement, "text" | "params">, timeoutMs?: number): Promise<Row[]>;
}

export type NeonOptions = {
  /** `postgresql://user:password@host/database` */
  readonly url: string;
  /** Where a local stand-in takes Neon's HTTP requests; by default the database's host itself. */
  readonly fetchEndpoint?: string | undefined;
  readonly timeoutMs?: number;
};

const RETRY_AFTER_SECONDS = "2";

/** PostgreSQL's query_canceled: its own `statement_timeout` came first. */
const QUERY_CANCELED = "57014";

/** TimescaleDB or PostgreSQL through Neon's HTTP protocol: one request a statement, nothing kept between them. */
export function createNeonDatabase(options: NeonOptions): Database {
  const { url, fetchEndpoint, timeoutMs: defaultTimeoutMs = 5_000 } = options;
  // The client has this setting for all databases only; the edge has one.
  if (fetchEndpoint !== undefined) neonConfig.fetchEndpoint = fetchEndpoint;
  const sql = neon(url, { disableWarningInBrowsers: true });
  return {
    async query<Row>({ text, params }: Pick<Statement, "text" | "params">, givenMs?: number) {
      const timeoutMs = Math.min(givenMs ?? defaultTimeoutMs, defaultTimeoutMs);
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return (await sql.query(text, [...params], { fetchOptions: { signal } })) as Row[];
      } catch (cause) {
        if (signal.aborted || isCanceled(cause)) {
          throw storeTimeout("database", timeoutMs, cause);
        }
        throw new ProblemError("store-unavailable", {
          detail: "The database cannot be reached, or answered an error: ask again",
          headers: { "retry-after": RETRY_AFTER_SECONDS },
          cause,
        });
      }
    },
  };
}

function isCanceled(error: unknown): boolean {
  return error instanceof NeonDbError && error.code === QUERY_CANCELED;
}
