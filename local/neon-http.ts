// Speaks the HTTP protocol of Neon's SQL-over-HTTP proxy, as far as `neon()` of @neondatabase/serverless uses it, and runs the
// queries on an ordinary PostgreSQL. Values go back as PostgreSQL's text, which the client parses by type; the requests that do
// not ask for that (Neon-Raw-Text-Output) get text all the same.
import type { IncomingHttpHeaders, RequestListener } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";
import { readBody, sendJson, startLoopbackHttp } from "./loopback-http.ts";
import {
  BadRequest,
  checkCredentials,
  parseBody,
  parseCredentials,
  type Statement,
  toBegin,
} from "./neon-request.ts";
import { type LoopbackServer, runServerProcess } from "./server-process.ts";

export interface NeonHttpOptions {
  /** The PostgreSQL behind; clients must present the same user, password and database, the host is theirs to choose. */
  databaseUrl: string;
  /** 0 takes a free one. */
  port: number;
}

interface Answer {
  command: string;
  fields: pg.FieldDef[];
  rowAsArray: boolean;
  rowCount: number | null;
  rows: unknown[];
}

const MAX_BODY_BYTES = 10 * 1024 * 1024; // as Neon's proxy
const MAX_CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 60_000;

/** Starts whether or not the database answers; without it requests get a 500 that says so. */
export async function startNeonHttp(options: NeonHttpOptions): Promise<LoopbackServer> {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: "neon-http",
  });
  // An idle connection was lost; the pool opens another one when it is needed.
  pool.on("error", () => undefined);
  const expected = parseCredentials(options.databaseUrl);

  const answerRequest: RequestListener = async (request, response) => {
    try {
      if (request.method !== "POST" || request.url !== "/sql") {
        request.resume();
        return sendJson(response, 404, { message: `No such endpoint: ${request.url}` });
      }
      const body = await readBody(request, MAX_BODY_BYTES);
      if (body === undefined) {
        return sendJson(response, 413, {
          message: `Request is too large: more than ${MAX_BODY_BYTES} bytes`,
        });
      }
      checkCredentials(request.headers["neon-connection-string"], expected);
      sendJson(response, 200, await answer(pool, request.headers, parseBody(body)));
    } catch (error) {
      if (response.destroyed) return;
      const { status, body } = toFailure(error);
      sendJson(response, status, body);
    }
  };
  return startLoopbackHttp(options.port, answerRequest, () => pool.end());
}

async function answer(
  pool: pg.Pool,
  headers: IncomingHttpHeaders,
  input: Statement | Statement[],
): Promise<Answer | { results: Answer[] }> {
  const rowAsArray = headers["neon-array-mode"] === "true";
  if (!Array.isArray(input)) return run(pool, input, rowAsArray);
  const begin = toBegin(headers);
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query(begin);
    const results: Answer[] = [];
    for (const statement of input) results.push(await run(client, statement, rowAsArray));
    await client.query("commit");
    return { results };
  } catch (error) {
    await client.query("rollback").catch((cause) => {
      failure = cause;
    });
    throw error;
  } finally {
    // A connection that could not roll back is thrown away.
    client.release(failure);
  }
}

async function run(
  client: pg.Pool | pg.PoolClient,
  { query, params }: Statement,
  rowAsArray: boolean,
): Promise<Answer> {
  const config: pg.QueryArrayConfig & { queryMode: "extended" } = {
    text: query,
    values: params,
    // Always Parse and Bind, as Neon does: several statements in one query are refused.
    queryMode: "extended",
    rowMode: "array",
    types: { getTypeParser: () => (text: string) => text },
  };
  const result = await client.query<unknown[]>(config);
  const names = result.fields.map(({ name }) => name);
  return {
    command: result.command,
    fields: result.fields,
    rowAsArray,
    rowCount: result.rowCount,
    rows: rowAsArray
      ? result.rows
      : result.rows.map((row) =>
          Object.fromEntries(names.map((name, index) => [name, row[index]])),
        ),
  };
}

function toFailure(error: unknown): { status: number; body: Record<string, unknown> } {
  if (error instanceof BadRequest) {
    return { status: 400, body: { message: error.message, code: error.code } };
  }
  if (error instanceof pg.DatabaseError) {
    const fields = ERROR_FIELDS.map((field) => [field, error[field]]);
    return { status: 400, body: { message: error.message, ...Object.fromEntries(fields) } };
  }
  const text = error instanceof Error ? error.message || error.name : String(error);
  return { status: 500, body: { message: `Cannot reach the database: ${text}` } };
}

const ERROR_FIELDS = [
  "code",
  "severity",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;

function parseOptions(): NeonHttpOptions {
  const { values } = parseArgs({
    options: { port: { type: "string", default: process.env.PORT ?? "0" } },
  });
  // Not among the arguments, which everybody on the machine may read.
  const { DATABASE_URL: databaseUrl } = process.env;
  if (!databaseUrl) throw new Error("Cannot start: DATABASE_URL is not set");
  return { databaseUrl, port: Number(values.port) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runServerProcess("neon http", async () => startNeonHttp(parseOptions()));
}
