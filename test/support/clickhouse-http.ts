// ClickHouse's own engine (chdb: ClickHouse as a library) behind as much of its HTTP interface as @clickhouse/client uses. A program of
// its own, since the library holds one data directory a process:
//   node test/support/clickhouse-http.ts --port 8123 --data-dir /tmp/clickhouse
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Session } from "chdb";
import { startLoopbackHttp } from "../../local/loopback-http.ts";
import { type LoopbackServer, runServerProcess } from "../../local/server-process.ts";
import { type ClickHouseRequest, readRequest } from "./clickhouse-request.ts";

export type ClickHouseServerOptions = {
  /** 0 takes a free one. */
  readonly port: number;
  readonly dataDir: string;
  /** Of the user `default`; without it everybody is let in. */
  readonly password?: string | undefined;
};

/** With the library's own pools, of 2 threads where a server has 16 and more, a delete in a table of 150 parts takes 20 s, not half a second. */
const BACKGROUND_POOLS = ["--background_pool_size=32", "--background_schedule_pool_size=64"];

export async function startClickHouseServer(
  options: ClickHouseServerOptions,
): Promise<LoopbackServer> {
  const { port, dataDir, password } = options;
  // Keeps the engine open between requests, each of which has a connection (1 ms) and so settings of its own.
  const engine = new Session(dataDir, { connectionArgs: BACKGROUND_POOLS });
  let requests = 0;

  const answer: RequestListener = async (request, response) => {
    try {
      if (request.url === "/ping") return void response.end("Ok.\n");
      if (password !== undefined) checkPassword(request, password);
      await run(await readRequest(request), `request ${++requests}`, response);
    } catch (error) {
      sendError(response, error);
    }
  };
  return startLoopbackHttp(port, answer, async () => engine.close());

  async function run(
    request: ClickHouseRequest,
    id: string,
    response: ServerResponse,
  ): Promise<void> {
    const session = new Session(dataDir);
    // Whoever has gone waits for nothing: the query is killed, as `cancel_http_readonly_queries_on_client_close` does.
    const kill = () => {
      if (!response.writableFinished)
        engine.query(`kill query where Settings['log_comment'] = '${id}' async`);
    };
    response.on("close", kill);
    try {
      for (const statement of toSetUp(request, id)) await session.queryAsync(statement);
      const result = await session.queryAsync(request.query, { format: request.defaultFormat });
      const body = result.bytes();
      const summary = { read_rows: `${result.rowsRead}`, read_bytes: `${result.bytesRead}` };
      response.writeHead(200, {
        "content-type": "text/plain; charset=UTF-8",
        "content-length": body.length,
        "x-clickhouse-summary": JSON.stringify(summary),
      });
      response.end(body);
    } finally {
      session.close();
    }
  }
}

/** What makes a connection's state that of the request. `readonly` comes last: nothing can be set after it. */
function toSetUp({ database, parameters, settings }: ClickHouseRequest, id: string): string[] {
  const { readonly, ...others } = settings;
  const state = { max_query_size: "262144", ...parameters, ...others, log_comment: id };
  const changes = Object.entries(state).map(
    ([name, value]) => `${quote(name, "`")} = ${quote(value, "'")}`,
  );
  return [
    ...(database === undefined ? [] : [`use ${quote(database, "`")}`]),
    // Parameters may be longer than a query.
    "set max_query_size = 1000000000",
    `set ${changes.join(", ")}`,
    ...(readonly === undefined ? [] : [`set readonly = ${quote(readonly, "'")}`]),
  ];
}

function quote(text: string, mark: string): string {
  return mark + text.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
}

class WrongPassword extends Error {
  constructor(user: string) {
    super(
      `Code: 516. DB::Exception: ${user}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`,
    );
  }
}

function checkPassword({ headers }: IncomingMessage, password: string): void {
  const basic = /^Basic (.*)$/.exec(headers.authorization ?? "")?.[1] ?? "";
  const [user = "", ...given] = Buffer.from(basic, "base64").toString().split(":");
  if (user !== "default" || given.join(":") !== password) throw new WrongPassword(user);
}

/** By ClickHouse's code, where it is not 500 (exceptionCodeToHTTPStatus in its source). */
const STATUS: Readonly<Record<string, number>> = {
  ...{ 27: 400, 38: 400, 41: 400, 53: 400, 62: 400, 117: 400, 376: 400, 456: 400, 457: 400 },
  ...{ 16: 404, 46: 404, 47: 404, 60: 404, 81: 404, 115: 404 },
  ...{ 159: 408, 164: 403, 394: 500, 497: 403, 516: 403 },
};

function sendError(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const code = /^Code: (\d+)\./.exec(message)?.[1] ?? "1002";
  if (response.headersSent) return void response.destroy();
  response.writeHead(STATUS[code] ?? 500, {
    "content-type": "text/plain; charset=UTF-8",
    "x-clickhouse-exception-code": code,
  });
  response.end(`${message}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // A query holds one of libuv's threads, of which there are 4 unless they are ordered before the first is used.
  process.env.UV_THREADPOOL_SIZE ??= "16";
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8123" },
      "data-dir": { type: "string" },
      password: { type: "string" },
    },
  });
  const { port, password } = values;
  const dataDir = values["data-dir"];
  if (dataDir === undefined) throw new Error("Cannot start: --data-dir is missing");
  await runServerProcess("clickhouse", () =>
    startClickHouseServer({ port: Number(port), dataDir, password }),
  );
}
