import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { text as readText } from "node:stream/consumers";
import { CliError } from "./cli-error.ts";
import { describeFailure } from "./describe-failure.ts";
import { describeRefusal, parseObject } from "./describe-refusal.ts";

export type HttpRequest = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: URL;
  /** A key or the worker's token. */
  readonly token: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
};

const CONNECT_TIMEOUT_MS = 10_000;
/** How soon a connection is tested that says nothing: the machine behind it may be gone. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Resolves when the answer begins, however long the work behind it takes: `fetch` gives up after five minutes of silence.
 * @param action what the request is for, such as `export from`: with the server it makes the message of a failure.
 * @throws {CliError} when there is no answer, or any but 200.
 */
export async function request(wish: HttpRequest, action: string): Promise<IncomingMessage> {
  const { origin } = wish.url;
  let response: IncomingMessage;
  try {
    response = await send(wish);
  } catch (cause) {
    wish.signal?.throwIfAborted();
    throw new CliError(`Cannot ${action} ${origin}: ${describeFailure(cause)}`, { cause });
  }
  if (response.statusCode === 200) return response;
  throw new CliError(`Cannot ${action} ${origin}: ${await describeAnswer(response)}`);
}

/** The whole answer as JSON. @throws {CliError} */
export async function requestJson<Answer>(wish: HttpRequest, action: string): Promise<Answer> {
  const response = await request(wish, action);
  try {
    return JSON.parse(await readText(response)) as Answer;
  } catch (cause) {
    const isText = cause instanceof SyntaxError;
    const reason = isText ? "its answer is not JSON: is this Sluice?" : describeFailure(cause);
    throw new CliError(`Cannot ${action} ${wish.url.origin}: ${reason}`, { cause });
  }
}

function send({ method, url, token, body, signal }: HttpRequest): Promise<IncomingMessage> {
  const begin = url.protocol === "https:" ? requestHttps : requestHttp;
  const headers = {
    authorization: `Bearer ${token}`,
    "user-agent": "sluice-cli",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  return new Promise((resolve, reject) => {
    const sent = begin(url, { method, headers, signal });
    const late = setTimeout(() => {
      sent.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1_000} s`));
    }, CONNECT_TIMEOUT_MS);
    sent.on("socket", (socket) => {
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.once("connect", () => clearTimeout(late));
    });
    sent.once("response", resolve);
    sent.on("error", reject);
    sent.once("close", () => clearTimeout(late));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function describeAnswer(response: IncomingMessage): Promise<string> {
  const { statusCode: status = 0, headers } = response;
  if (status >= 300 && status < 400) {
    response.destroy();
    return `it answered ${status}, pointing to ${headers.location ?? "nowhere"}: give that server as --url`;
  }
  const text = await readText(response).catch(() => "");
  const seconds = /^\d+$/.exec(headers["retry-after"] ?? "")?.[0];
  const advice = seconds === undefined ? "" : `; try again in ${seconds} s`;
  return describeRefusal(status, parseObject(text)) + advice;
}
