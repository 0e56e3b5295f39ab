import { createServer, type RequestListener, type Server } from "node:http";

/** What one client may take of the worker's HTTP side before it has shown a token, and after. */
export type HttpLimits = {
  /** From the connection, or from a request's first byte, to the end of its head. */
  readonly headTimeoutMs: number;
  /** To the end of its body. */
  readonly requestTimeoutMs: number;
  /** How often connections are looked at for that. */
  readonly checkIntervalMs: number;
  /** Longer than clients keep an idle connection, so that none is closed under a request on its way: workerd 5 s, Node 4 s. */
  readonly keepAliveTimeoutMs: number;
  /** A reader that takes nothing of its answer for so long has gone without saying so. */
  readonly stallTimeoutMs: number;
  readonly maxHeadBytes: number;
  readonly maxConnections: number;
};

export const HTTP_LIMITS: HttpLimits = {
  headTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  checkIntervalMs: 2_000,
  keepAliveTimeoutMs: 30_000,
  stallTimeoutMs: 120_000,
  maxHeadBytes: 16 * 1024,
  maxConnections: 1_024,
};

/**
 * A server that keeps to the limits. Node itself answers what goes beyond with 408 or 431, and what is no HTTP with 400, each without a
 * body, and closes the connection; one too many it closes at once.
 */
export function createLimitedServer(limits: HttpLimits, answer: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: limits.headTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeadBytes,
    },
    answer,
  );
  server.maxConnections = limits.maxConnections;
  return server;
}
