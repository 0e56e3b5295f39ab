import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const WORKER_TOKEN = "the token of a worker";

export type WorkerCall = {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly response: ServerResponse;
  /** Whether the edge has ended the request before it was answered. */
  isCancelled(): boolean;
  answer(value: unknown, status?: number): void;
};

export interface WorkerDouble {
  readonly url: string;
  readonly calls: readonly WorkerCall[];
  close(): Promise<void>;
}

/** Stands in the worker's place for the edge, and answers as the test says: only so can it be slow or fail to order. */
export async function startWorkerDouble(onCall: (call: WorkerCall) => void): Promise<WorkerDouble> {
  const calls: WorkerCall[] = [];
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${WORKER_TOKEN}`) {
      response.writeHead(401).end();
      return;
    }
    const call: WorkerCall = {
      path: request.url ?? "",
      body: JSON.parse((await textOf(request)) || "{}"),
      response,
      isCancelled: () => response.destroyed && !response.writableFinished,
      answer(value, status = 200) {
        const type = status < 400 ? "application/json" : "application/problem+json";
        response.writeHead(status, { "content-type": type });
        response.end(JSON.stringify(value));
      },
    };
    calls.push(call);
    onCall(call);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
