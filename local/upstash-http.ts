// Speaks Upstash's Redis REST protocol and carries the commands to a Redis server: what @upstash/redis needs, on one machine.
// https://upstash.com/docs/redis/features/restapi
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Redis, ReplyError } from "ioredis";

export interface UpstashHttpOptions {
  redisUrl: string;
  token: string;
  /** 0 takes a free one. */
  port: number;
}

interface Command {
  name: string;
  args: string[];
}

type Item = { result: unknown } | { error: string };

interface Reply {
  status: number;
  body: Item | Item[];
}

export interface UpstashHttp {
  url: string;
  port: number;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const COMMAND_TIMEOUT_MS = 5_000;
const FIRST_CONNECT_TIMEOUT_MS = 1_000;

/** Starts whether or not Redis answers; without it requests get a 503 at once, and work again when it is back. */
export async function startUpstashHttp(options: UpstashHttpOptions): Promise<UpstashHttp> {
  const redis = await connect(options.redisUrl);
  const authorization = `Bearer ${options.token}`;
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== authorization) {
      request.resume();
      return sendJson(response, 401, { error: "Unauthorized" });
    }
    try {
      const body = await readBody(request, MAX_BODY_BYTES);
      const isBase64 = request.headers["upstash-encoding"] === "base64";
      const reply =
        body === undefined
          ? failure(413, `ERR max request size exceeded: more than ${MAX_BODY_BYTES} bytes`)
          : await answer(redis, request.url ?? "", body, isBase64 ? toBase64 : toText);
      sendJson(response, reply.status, reply.body);
    } catch {
      // The client broke off in the middle of its body.
      response.destroy();
    }
  });
  return listenOnLoopback(server, options.port, async () => redis.disconnect());
}

async function answer(redis: Redis, path: string, body: string, encode: Encode): Promise<Reply> {
  try {
    const input = parseJson(body);
    switch (path) {
      case "/":
        return { status: 200, body: toItem(await call(redis, parseCommand(input)), encode) };
      case "/pipeline": {
        const replies = await Promise.all(
          parseCommands(input).map((command) => call(redis, command).catch(asReplyError)),
        );
        return { status: 200, body: replies.map((reply) => toItem(reply, encode)) };
      }
      case "/multi-exec": {
        const replies = await callTransaction(redis, parseCommands(input));
        return { status: 200, body: replies.map((reply) => toItem(reply, encode)) };
      }
      default:
        return failure(404, `ERR no such path: ${path}`);
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof BadCommand || error instanceof ReplyError) return failure(400, text);
    return failure(503, `ERR cannot reach Redis: ${text}`);
  }
}

function failure(status: number, error: string): Reply {
  return { status, body: { error } };
}

/** Strings come back as Buffers, so that bytes that are not UTF-8 survive into base64. */
async function call(redis: Redis, { name, args }: Command): Promise<unknown> {
  return redis.callBuffer(name, args);
}

/**
 * @upstash/ratelimit marks its scripts `#!lua flags=allow-key-locking`, a flag that only Upstash knows and Redis refuses. Without
 * the flag a script has another hash, so the hashes a client knows are mapped to those Redis knows. What is not in the map (after
 * a restart) is NOSCRIPT at Redis, and the client sends the text again.
 */
const PLAIN_HASHES = new Map<string, string>();
const MAX_PLAIN_HASHES = 1_000;

function toPlainRedis({ name, args }: Command): Command {
  const lower = name.toLowerCase();
  const [first = "", ...rest] = args;
  if (lower === "evalsha" || lower === "evalsha_ro") {
    return { name, args: [PLAIN_HASHES.get(first.toLowerCase()) ?? first, ...rest] };
  }
  const isScript = lower === "eval" || lower === "eval_ro";
  return isScript ? { name, args: [toPlainScript(first), ...rest] } : { name, args };
}

/** The first line stays, as a comment, so that line numbers in errors remain true. */
function toPlainScript(script: string): string {
  if (!script.startsWith(UPSTASH_SHEBANG)) return script;
  const plain = `--${script.slice(UPSTASH_SHEBANG.length)}`;
  if (PLAIN_HASHES.size >= MAX_PLAIN_HASHES) PLAIN_HASHES.clear();
  PLAIN_HASHES.set(sha1(script), sha1(plain));
  return plain;
}

const UPSTASH_SHEBANG = "#!lua flags=allow-key-locking";

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/**
 * MULTI, the commands and EXEC are written in one go, so that no other request's command comes between them on the shared
 * connection. A command refused while it is queued makes EXEC fail, and with it the whole request, as at Upstash.
 */
async function callTransaction(redis: Redis, commands: Command[]): Promise<unknown[]> {
  const queued = [{ name: "multi", args: [] }, ...commands].map((command) => call(redis, command));
  const [executed] = await Promise.allSettled([call(redis, { name: "exec", args: [] }), ...queued]);
  if (executed.status === "rejected") throw executed.reason;
  return Array.isArray(executed.value) ? executed.value : [];
}

/** A command's own failure is an item of the pipeline's answer; a lost connection fails the whole. */
function asReplyError(error: unknown): Error {
  if (error instanceof Error && error instanceof ReplyError) return error;
  throw error;
}

type Encode = (bytes: Buffer, isNested: boolean) => string;

/** @upstash/redis takes a bare OK as it is, but decodes one inside an array. */
function toBase64(bytes: Buffer, isNested: boolean): string {
  if (!isNested && bytes.length === 2 && bytes.equals(OK)) return "OK";
  return bytes.toString("base64");
}

const OK = Buffer.from("OK");

function toText(bytes: Buffer): string {
  return bytes.toString();
}

function toItem(reply: unknown, encode: Encode): Item {
  if (reply instanceof Error) return { error: reply.message };
  return { result: toJson(reply, encode, false) };
}

function toJson(reply: unknown, encode: Encode, isNested: boolean): unknown {
  if (Buffer.isBuffer(reply)) return encode(reply, isNested);
  if (Array.isArray(reply)) return reply.map((element) => toJson(element, encode, true));
  if (reply instanceof Error) return encode(Buffer.from(reply.message), isNested);
  return reply;
}

class BadCommand extends Error {
  override name = "BadCommand";
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new BadCommand("ERR failed to parse command: the body is not JSON", { cause });
  }
}

function parseCommands(input: unknown): Command[] {
  if (!Array.isArray(input)) throw new BadCommand("ERR failed to parse pipeline request");
  return input.map(parseCommand);
}

function parseCommand(input: unknown): Command {
  if (!Array.isArray(input) || input.length === 0) {
    throw new BadCommand("ERR failed to parse command: it must be an array that is not empty");
  }
  const [name = "", ...args] = input.map(parseArgument);
  const lower = name.toLowerCase();
  const isBlocking = lower.startsWith("xread") && args.some((arg) => arg.toLowerCase() === "block");
  if (UNAVAILABLE.has(lower) || isBlocking) {
    throw new BadCommand(`ERR Command is not available: '${name}'`);
  }
  return toPlainRedis({ name, args });
}

function parseArgument(input: unknown): string {
  if (typeof input === "string") return input;
  if (typeof input === "number" || typeof input === "boolean") return String(input);
  throw new BadCommand(`ERR failed to parse command: an argument is ${JSON.stringify(input)}`);
}

/** What would change or block the one connection that all requests share. */
const UNAVAILABLE = new Set(
  `subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe monitor multi exec discard watch unwatch select auth hello
  reset quit client shutdown blpop brpop blmove blmpop brpoplpush bzpopmin bzpopmax bzmpop wait waitaof sync psync debug`.split(
    /\s+/,
  ),
);

async function connect(redisUrl: string): Promise<Redis> {
  const redis = new Redis(redisUrl, {
    connectTimeout: 1_000,
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
    disableClientInfo: true,
  });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, FIRST_CONNECT_TIMEOUT_MS);
    redis.once("ready", () => {
      clearTimeout(timer);
      resolve();
    });
    // Also each failed attempt to reconnect later: the requests meanwhile report it.
    redis.on("error", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return redis;
}

/** Port 0 takes a free one. */
async function listenOnLoopback(
  server: Server,
  port: number,
  release: () => Promise<unknown>,
): Promise<UpstashHttp> {
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
function runUntilSignalled(name: string, server: UpstashHttp): void {
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
      "redis-url": { type: "string", default: process.env.REDIS_URL ?? "" },
    },
  });
  const token = process.env.UPSTASH_TOKEN;
  if (!token) throw new Error("Cannot start: UPSTASH_TOKEN is not set");
  if (!values["redis-url"]) throw new Error("Cannot start: --redis-url is missing");
  const server = await startUpstashHttp({
    redisUrl: values["redis-url"],
    token,
    port: Number(values.port),
  });
  runUntilSignalled("upstash http", server);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
