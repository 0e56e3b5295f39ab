import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { BODY_TIMEOUT_MS } from "../../contract/limits.ts";
import { problemResponse } from "../http/problem.ts";
import { addSecurityHeaders } from "../http/security-headers.ts";

/** What one client may take of the HTTP side before it has shown a key, and after. */
export type HttpLimits = {
  /** From the connection, or from a request's first byte, to the end of its head. */
  readonly headTimeoutMs: number;
  /** To the end of its body. The app gives up before that, with an answer. */
  readonly requestTimeoutMs: number;
  /** How often connections are looked at for that. */
  readonly checkIntervalMs: number;
  /** Longer than proxies keep an idle connection (Caddy 120 s, nginx 60 s), so that none is closed under a request on its way. */
  readonly keepAliveTimeoutMs: number;
  /** A reader that takes nothing of its answer for so long has gone without saying so. */
  readonly stallTimeoutMs: number;
  readonly maxHeadBytes: number;
  readonly maxConnections: number;
};

export const HTTP_LIMITS: HttpLimits = {
  headTimeoutMs: 10_000,
  requestTimeoutMs: BODY_TIMEOUT_MS + 10_000,
  checkIntervalMs: 2_000,
  keepAliveTimeoutMs: 150_000,
  stallTimeoutMs: 120_000,
  maxHeadBytes: 128 * 1024,
  maxConnections: 10_000,
};

export type HttpServer = {
  readonly port: number;
  /** Takes no more connections, and ends those there are with the answer they wait for, or at once when `signal` aborts. */
  close(signal: AbortSignal): Promise<void>;
};

export type HttpServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly limits?: HttpLimits;
};

/** Resolves once it listens. @throws when it cannot */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, limits = HTTP_LIMITS } = options;
  let isClosing = false;
  const answer = createListener(options.fetch);
  const server = createServer(
    {
      headersTimeout: limits.headTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeadBytes,
    },
    (request, response) => {
      if (isClosing) response.shouldKeepAlive = false;
      connections.keepWhile(request.socket, response);
      void answer(request, response);
    },
  );
  const connections = watchConnections(server);
  server.timeout = limits.stallTimeoutMs;
  server.maxConnections = limits.maxConnections;
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    async close(signal) {
      isClosing = true;
      let isClosed = false;
      server.close(() => {
        isClosed = true;
      });
      while (!isClosed && !signal.aborted) {
        connections.endIdle();
        await delay(20);
      }
      server.closeAllConnections();
    },
  };
}

/** `closeIdleConnections` of Node leaves those alone that have not sent anything yet, as proxies and browsers keep some. */
function watchConnections(server: Server) {
  /** How many of a connection's requests wait for their answers. */
  const waiting = new Map<Socket, number>();
  server.on("connection", (socket: Socket) => {
    waiting.set(socket, 0);
    socket.once("close", () => waiting.delete(socket));
  });
  const add = (socket: Socket, requests: number): void => {
    const before = waiting.get(socket);
    if (before !== undefined) waiting.set(socket, before + requests);
  };
  return {
    keepWhile(socket: Socket, response: ServerResponse): void {
      add(socket, 1);
      response.once("close", () => add(socket, -1));
    },
    endIdle(): void {
      for (const [socket, requests] of waiting) if (requests === 0) socket.destroySoon();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Nothing depends on what clients send as Host, and much of it makes no URL. */
const HOST = "edge";

/** Node's requests and answers as the app knows them. */
function createListener(fetch: HttpServerOptions["fetch"]) {
  const listener = getRequestListener(
    (request, { incoming }) => fetch(withUrlAsSent(request, incoming.url)),
    { errorHandler: answerNoRequest },
  );
  return (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    incoming.headers.host = HOST;
    return listener(incoming, outgoing);
  };
}

/**
 * The adapter takes `/v1/users/..` for a step in the path, where workerd leaves the URL as it was sent: there may be a user of this name.
 */
function withUrlAsSent(request: Request, target: string | undefined): Request {
  if (!target?.startsWith("/")) return request;
  return Object.defineProperty(request, "url", { value: `http://${HOST}${target}` });
}

/** A target such as `*` or `/a\b`, which no route has and no URL can hold. */
function answerNoRequest(): Response {
  const response = problemResponse("not-found", {}, crypto.randomUUID());
  addSecurityHeaders(response.headers, `http://${HOST}/`);
  return response;
}
