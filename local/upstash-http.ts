// Speaks Upstash's Redis REST protocol and carries the commands to a Redis server: what @upstash/redis needs, on one machine.
// https://upstash.com/docs/redis/features/restapi
import type { RequestListener } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Redis, Command as RedisCommand, ReplyError } from "ioredis";
import { isSameSecret } from "../contract/same-secret.ts";
import { readBody, sendJson, startLoopbackHttp } from "./loopback-http.ts";
import { type LoopbackServer, runServerProcess } from "./server-process.ts";
import {
  BadCommand,
  type Command,
  parseCommand,
  parseCommands,
  parseJson,
} from "./upstash-command.ts";

export interface UpstashHttpOptions {
  redisUrl: string;
  token: string;
  /** 0 takes a free one. */
  port: number;
}

type Item = { result: unknown } | { error: string };

interface Reply {
  status: number;
  body: Item | Item[];
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const COMMAND_TIMEOUT_MS = 5_000;
const FIRST_CONNECT_TIMEOUT_MS = 1_000;

/** Starts whether or not Redis answers; without it requests get a 503 at once, and work again when it is back. */
export async function startUpstashHttp(options: UpstashHttpOptions): Promise<LoopbackServer> {
  const redis = await connect(options.redisUrl);
  const authorization = `Bearer ${options.token}`;
  const answerRequest: RequestListener = async (request, response) => {
    if (!isSameSecret(request.headers.authorization ?? "", authorization)) {
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
  };
  return startLoopbackHttp(options.port, answerRequest, async () => redis.disconnect());
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
  return redis.sendCommand(new PlainCommand(name, args));
}

/** Its answer is what Redis sent: ioredis makes objects of some lists, HGETALL's for one. */
class PlainCommand extends RedisCommand {
  override transformReply(reply: Buffer | Buffer[]) {
    return reply;
  }
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

async function connect(redisUrl: string): Promise<Redis> {
  const redis = new Redis(redisUrl, {
    // In 3 Redis sends pairs and objects, where Upstash has lists.
    protocol: 2,
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

function parseOptions(): UpstashHttpOptions {
  const { values } = parseArgs({
    options: { port: { type: "string", default: process.env.PORT ?? "0" } },
  });
  // Not among the arguments, which everybody on the machine may read.
  const { REDIS_URL: redisUrl, UPSTASH_TOKEN: token } = process.env;
  if (!token) throw new Error("Cannot start: UPSTASH_TOKEN is not set");
  if (!redisUrl) throw new Error("Cannot start: REDIS_URL is not set");
  return { redisUrl, token, port: Number(values.port) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runServerProcess("upstash http", async () => startUpstashHttp(parseOptions()));
}
