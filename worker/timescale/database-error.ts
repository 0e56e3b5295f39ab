import type { StoreErrorKind } from "../engine.ts";
import { codeOf } from "../error-code.ts";

/**
 * SQLSTATEs (PostgreSQL's manual, Appendix A) and codes of Node and of the driver. Two characters name a whole class; the longest
 * match counts.
 */
const KINDS: Readonly<Record<string, StoreErrorKind>> = {
  // Cardinality violation, data exception, integrity constraint, with check option, program limit (a row too large for an index).
  "21": "data",
  "22": "data",
  "23": "data",
  "44": "data",
  "54": "data",
  // A unique violation cannot come from our own rows (`on conflict do nothing`), only from two sessions creating one object.
  "23505": "retryable",
  // Connection, rollback (serialization, deadlock), insufficient resources, operator intervention, system error.
  "08": "retryable",
  "40": "retryable",
  "53": "retryable",
  "57": "retryable",
  "58": "retryable",
  // A login or a privilege that is being changed: no row is to blame, and all of them can wait.
  "28": "retryable",
  "42501": "retryable",
  // A failed transaction is rolled back and starts again; lock not available; read-only during a failover.
  "25P02": "retryable",
  "25006": "retryable",
  "55P03": "retryable",
  "55006": "retryable",
  ECONNREFUSED: "retryable",
  ECONNRESET: "retryable",
  EPIPE: "retryable",
  ETIMEDOUT: "retryable",
  EHOSTUNREACH: "retryable",
  ENETUNREACH: "retryable",
  ENOTFOUND: "retryable",
  EAI_AGAIN: "retryable",
  CONNECTION_CLOSED: "retryable",
  CONNECTION_ENDED: "retryable",
  CONNECTION_DESTROYED: "retryable",
  CONNECT_TIMEOUT: "retryable",
  WRITE_TIMEOUT: "retryable",
};

export function kindOfDatabaseError(error: unknown): StoreErrorKind {
  const code = codeOf(error);
  if (code === undefined) return "unexpected";
  const isSqlState = /^[0-9A-Z]{5}$/.test(code);
  return KINDS[code] ?? (isSqlState ? KINDS[code.slice(0, 2)] : undefined) ?? "unexpected";
}
