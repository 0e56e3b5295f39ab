import type { StoreErrorKind } from "../engine.ts";
import { codeOf } from "../error-code.ts";

/** Codes of ClickHouse (ErrorCodes.cpp), of Node, and of {@link ClickHouseTimeoutError}. */
const KINDS: Readonly<Record<string, StoreErrorKind>> = {
  // Text that is no value of the column's type: cannot parse text, quoted string, input, date, time, number, UUID; type mismatch, argument
  // out of bound, cannot convert, incorrect data, string too large, null in an ordinary column, constraint violated.
  ...{ 6: "data", 26: "data", 27: "data", 38: "data", 41: "data", 72: "data", 376: "data" },
  ...{ 53: "data", 69: "data", 70: "data", 117: "data", 131: "data", 349: "data", 469: "data" },
  // The connection, or one between servers: end of file, DNS, no free connection, socket timeout, network, all tries failed.
  ...{ 3: "retryable", 32: "retryable", 198: "retryable", 203: "retryable" },
  ...{ 209: "retryable", 210: "retryable", 279: "retryable" },
  // Load: timeout, too slow, too many queries, memory limit, no space, too many parts (merges are behind), cannot schedule a task.
  ...{ 159: "retryable", 160: "retryable", 202: "retryable", 241: "retryable" },
  ...{ 243: "retryable", 252: "retryable", 439: "retryable" },
  // Replicas: readonly, Keeper is away or its session is over, too few of them live, a quorum not reached, result of the insert unknown.
  ...{ 164: "retryable", 225: "retryable", 242: "retryable", 254: "retryable", 285: "retryable" },
  ...{ 286: "retryable", 289: "retryable", 319: "retryable", 999: "retryable" },
  // Shutdown and the like: aborted, unfinished, cancelled, error of the system, deadlock avoided, object storage, not initialized.
  ...{ 236: "retryable", 341: "retryable", 394: "retryable", 425: "retryable" },
  ...{ 473: "retryable", 499: "retryable", 667: "retryable" },
  ECONNREFUSED: "retryable",
  ECONNRESET: "retryable",
  EPIPE: "retryable",
  ETIMEDOUT: "retryable",
  EHOSTUNREACH: "retryable",
  ENETUNREACH: "retryable",
  ENOTFOUND: "retryable",
  EAI_AGAIN: "retryable",
  CLICKHOUSE_TIMEOUT: "retryable",
};

export function kindOfClickHouseError(error: unknown): StoreErrorKind {
  return KINDS[codeOf(error) ?? ""] ?? "unexpected";
}

export class ClickHouseTimeoutError extends Error {
  override readonly name = "ClickHouseTimeoutError";
  readonly code = "CLICKHOUSE_TIMEOUT";

  constructor(what: string, timeoutMs: number, options?: ErrorOptions) {
    super(`Cannot ${what}: ClickHouse gave no answer for ${timeoutMs / 1_000} s`, options);
  }
}
