import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { listenOnLoopback } from "./listen-on-loopback.ts";
import type { LoopbackServer } from "./server-process.ts";

/**
 * Answers HTTP on 127.0.0.1; port 0 takes a free one. `release` frees what `answer` holds, once the last connection is closed.
 * Requests by another name come from a page in the developer's browser whose name its owner has had resolved to 127.0.0.1 (DNS rebinding).
 */
export async function startLoopbackHttp(
  port: number,
  answer: RequestListener,
  release: () => Promise<unknown>,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    if (isLoopbackHost(request.headers.host ?? "")) return answer(request, response);
    request.resume();
    sendJson(response, 421, { message: "Only requests to 127.0.0.1 or localhost are answered" });
  });
  // Longer than the clients' own: whoever closes an idle connection first must be the client, or it sends into a closed one.
  server.keepAliveTimeout = 120_000;
  const listening = await listenOnLoopback(server, port);
  return {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await release();
    },
  };
}

function isLoopbackHost(host: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host);
}

/**
 * The body's text, or undefined when it is larger than `maxBytes`. The rest of a large one is read and dropped: the connection
 * stays usable, and the client gets to see the answer.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
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

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
