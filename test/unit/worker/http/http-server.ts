import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterEach } from "vitest";
import type { Engine, EventReader } from "../../../../worker/engine.ts";
import { type HttpServerOptions, startHttpServer } from "../../../../worker/http/server.ts";
import { createHttpMetrics } from "../../../../worker/metrics/http-metrics.ts";

export const TOKEN = "token-of-the-worker";

let close = async () => {};
let countOpen = async () => 0;

/** Of the server started last. */
export const countConnections = () => countOpen();

afterEach(() => close());

/** The worker's HTTP side with an engine that does nothing, but for what a test gives it. Ends after the test. */
export async function startServer(options: Partial<HttpServerOptions> = {}): Promise<string> {
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    token: TOKEN,
    logger: pino({ level: "silent" }),
    scratchDir: "/dev/null/none",
    engine: createEngine({}),
    archive: undefined,
    checkReadiness: async () => ({}),
    metrics: createHttpMetrics(),
    metricsToken: undefined,
    collectMetrics: async () => [],
    findDeadLetter: async () => undefined,
    listDeadLetters: async () => ({ letters: [], before: null }),
    removeDeadLetters: async () => 0,
    ...options,
  });
  countOpen = promisify(server.getConnections.bind(server));
  close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function createEngine(
  reader: Partial<EventReader>,
  eraseUser: Engine["eraseUser"] = () => unexpected(),
): HttpServerOptions["engine"] {
  const none: EventReader = {
    readStats: unexpected,
    readPage: unexpected,
    findEvent: unexpected,
    countStored: unexpected,
    exportEvents: () => {
      throw new Error("not expected");
    },
  };
  return { name: "timescale", reader: { ...none, ...reader }, eraseUser };
}

export function post(url: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });
}

function unexpected(): Promise<never> {
  return Promise.reject(new Error("not expected"));
}
