// What Neon's clients say in a request: statements, how to run them, and who asks.
import type { IncomingHttpHeaders } from "node:http";
import { isSameSecret } from "../contract/same-secret.ts";

export interface Statement {
  query: string;
  params: unknown[];
}

/** Answered with a 400, whose body the client turns into a NeonDbError. */
export class BadRequest extends Error {
  override name = "BadRequest";
  readonly code: string | undefined;

  constructor(message: string, code?: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export function parseBody(body: string): Statement | Statement[] {
  let input: unknown;
  try {
    input = JSON.parse(body);
  } catch (cause) {
    throw new BadRequest("Cannot parse request: the body is not JSON", undefined, cause);
  }
  if (isObject(input) && Array.isArray(input.queries)) return input.queries.map(parseStatement);
  return parseStatement(input);
}

function parseStatement(input: unknown): Statement {
  const query = isObject(input) ? input.query : undefined;
  const params = isObject(input) ? (input.params ?? []) : undefined;
  if (typeof query !== "string" || !Array.isArray(params)) {
    throw new BadRequest('Cannot parse request: a query is {"query": string, "params": array}');
  }
  return { query, params };
}

function isObject(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null;
}

/** The statement that begins the transaction in which a batch is run. */
export function toBegin(headers: IncomingHttpHeaders): string {
  const wanted = headers["neon-batch-isolation-level"];
  const modes: string[] = [];
  if (wanted !== undefined) {
    const level = ISOLATION_LEVELS.get(String(wanted));
    if (level === undefined) throw new BadRequest(`Unknown isolation level: ${wanted}`);
    modes.push(`isolation level ${level}`);
  }
  if (headers["neon-batch-read-only"] === "true") modes.push("read only");
  if (headers["neon-batch-deferrable"] === "true") modes.push("deferrable");
  return `begin ${modes.join(", ")}`;
}

const ISOLATION_LEVELS = new Map([
  ["ReadUncommitted", "read uncommitted"],
  ["ReadCommitted", "read committed"],
  ["RepeatableRead", "repeatable read"],
  ["Serializable", "serializable"],
]);

export interface Credentials {
  user: string;
  password: string;
  database: string;
}

export function parseCredentials(connectionString: string): Credentials {
  const url = new URL(connectionString);
  return {
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}

export function checkCredentials(
  header: string | string[] | undefined,
  expected: Credentials,
): void {
  let presented: Credentials;
  try {
    presented = parseCredentials(String(header));
  } catch (cause) {
    throw new BadRequest("Cannot parse header Neon-Connection-String", undefined, cause);
  }
  if (presented.user !== expected.user || !isSameSecret(presented.password, expected.password)) {
    const text = `password authentication failed for user '${presented.user}'`;
    throw new BadRequest(text, "28P01");
  }
  if (presented.database !== expected.database) {
    throw new BadRequest(`database "${presented.database}" does not exist`, "3D000");
  }
}
