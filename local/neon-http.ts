// Speaks the HTTP protocol of Neon's SQL-over-HTTP proxy, as far as `neon()` of @neondatabase/serverless uses it, and runs the
// queries on an ordinary PostgreSQL. Values go back as PostgreSQL's text, which the client parses by type; the requests that do
// not ask for that (Neon-Raw-Text-Output) get text all the same.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";

export interface NeonHttpOptions {
  /** The PostgreSQL behind; clients must present the same user, password and database, the host is theirs to choose. */
  databaseUrl: string;
  /** 0 takes a free one. */
  port: number;
}

interface Statement {
  query: string;
  params: unknown[];
}

interface Answer {
  command: string;
  fields: pg.FieldDef[];
  rowAsArray: boolean;
  rowCount: number | null;
  rows: unknown[];
}

export interface NeonHttp {
  url: string;
  port: number;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024; // as Neon's proxy
const MAX_CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 60_000;

/** Starts whether or not the database answers; without it requests get a 500 that says so. */
export async function startNeonHttp(options: NeonHttpOptions): Promise<NeonHttp> {
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

  const server = createServer(async (request, response) => {
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
  });
  return listenOnLoopback(server, options.port, () => pool.end());
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

const ISOLATION_LEVELS = new Map([
  ["ReadUncommitted", "read uncommitted"],
  ["ReadCommitted", "read committed"],
  ["RepeatableRead", "repeatable read"],
  ["Serializable", "serializable"],
]);

function toBegin(headers: IncomingHttpHeaders): string {
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

/** Answered with a 400, whose body the client turns into a NeonDbError. */
class BadRequest extends Error {
  override name = "BadRequest";
  readonly code: string | undefined;

  constructor(message: string, code?: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

function parseBody(body: string): Statement | Statement[] {
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

interface Credentials {
  user: string;
  password: string;
  database: string;
}

function parseCredentials(connectionString: string): Credentials {
  const url = new URL(connectionString);
  return {
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}

function checkCredentials(header: string | string[] | undefined, expected: Credentials): void {
  let presented: Credentials;
  try {
    presented = parseCredentials(String(header));
  } catch (cause) {
    throw new BadRequest("Cannot parse header Neon-Connection-String", undefined, cause);
  }
  if (presented.user !== expected.user || presented.password !== expected.password) {
    const text = `password authentication failed for user '${presented.user}'`;
    throw new BadRequest(text, "28P01");
  }
  if (presented.database !== expected.database) {
    throw new BadRequest(`database "${presented.database}" does not exist`, "3D000");
  }
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

/** Port 0 takes a free one. */
async function listenOnLoopback(
  server: Server,
  port: number,
  release: () => Promise<unknown>,
): Promise<NeonHttp> {
  // Longer than the clients' own: whoever closes an idle connection first must be the client, or it sends into a closed one.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen: no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await release();
    },
  };
}

/**
 * The body's text, or undefined when it is larger than `maxBytes`. The rest of a large one is read and dropped: the connection
 * stays usable, and the client gets to see the answer.
 */
function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on("end", () => {
      resolve(size > maxBytes ? undefined : Buffer.concat(chunks, size).toString());
    });
    request.on("error", reject);
  });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** For a stand-in that is a process of its own: says that it is ready, and closes it on SIGTERM or SIGINT. */
function runUntilSignalled(name: string, server: NeonHttp): void {
  const line = { level: "info", time: new Date().toISOString(), msg: `${name} ready` };
  process.stdout.write(`${JSON.stringify({ ...line, url: server.url, port: server.port })}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void server.close().then(() => process.exit(0));
    });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: process.env.PORT ?? "0" },
      "database-url": { type: "string", default: process.env.DATABASE_URL ?? "" },
    },
  });
  const databaseUrl = values["database-url"];
  if (!databaseUrl) throw new Error("Cannot start: --database-url is missing");
  runUntilSignalled("neon http", await startNeonHttp({ databaseUrl, port: Number(values.port) }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
