import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type HttpAnswer, HttpSyntaxError, readAnswer } from "./http-answer.ts";
import type { WireRequest } from "./http-request.ts";

/** What came of one request. */
export type Exchange = {
  /** Final ones: none when the connection ended without, several when the server took the bytes for several requests. */
  readonly answers: readonly HttpAnswer[];
  readonly end: "kept" | "closed" | "reset" | "left" | "timeout" | "nonsense";
  readonly elapsedMs: number;
};

/** Speaks HTTP over sockets of its own, so that a request may be any bytes at any time, and answers are seen as they are. */
export type HttpClient = {
  /** Never rejects. */
  exchange(request: WireRequest, timeoutMs: number): Promise<Exchange>;
  close(): void;
};

/** How long a broken request is listened to after its first answer: the server may take the rest for another request. */
const AFTERWARDS_MS = 60;

export function createHttpClient(port: number): HttpClient {
  const idle: Socket[] = [];
  const open = new Set<Socket>();

  async function exchange(request: WireRequest, timeoutMs: number): Promise<Exchange> {
    const kept = request.isWhole ? takeIdle() : undefined;
    const startedMs = performance.now();
    const first = await converse(kept ?? connectNow(), request, timeoutMs, startedMs);
    // The server may close a connection that it has kept for a while, just when it is used again.
    const isStale = kept !== undefined && first.answers.length === 0 && isEnded(first);
    return isStale ? converse(connectNow(), request, timeoutMs, startedMs) : first;
  }

  function takeIdle(): Socket | undefined {
    for (;;) {
      const socket = idle.pop();
      if (socket === undefined || !(socket.destroyed || socket.readableEnded)) return socket;
    }
  }

  function connectNow(): Socket {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    return socket;
  }

  async function converse(
    socket: Socket,
    request: WireRequest,
    timeoutMs: number,
    startedMs: number,
  ): Promise<Exchange> {
    const { promise: ended, resolve } = Promise.withResolvers<Exchange["end"]>();
    const answers: HttpAnswer[] = [];
    let bytes: Buffer = Buffer.alloc(0);
    let afterwards: NodeJS.Timeout | undefined;
    const read = (isEnded: boolean) => {
      try {
        for (;;) {
          const found = readAnswer(bytes, request.method, isEnded);
          if (found === undefined) return;
          bytes = found.rest;
          if (found.answer.status < 200) continue;
          answers.push(found.answer);
          const isOver = request.isWhole && answers.length === 1 && bytes.length === 0;
          if (isOver && found.answer.isKept) return resolve("kept");
          afterwards ??= setTimeout(() => resolve("closed"), AFTERWARDS_MS);
          if (bytes.length === 0) return;
        }
      } catch (error) {
        if (!(error instanceof HttpSyntaxError)) throw error;
        resolve("nonsense");
      }
    };
    const onData = (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      read(false);
    };
    const onEnd = () => {
      read(true);
      resolve(bytes.length > 0 ? "nonsense" : "closed");
    };
    const onError = () => resolve("reset");
    const { patienceMs = timeoutMs } = request;
    const timer = setTimeout(
      () => resolve(patienceMs < timeoutMs ? "left" : "timeout"),
      Math.min(patienceMs, timeoutMs),
    );
    socket.on("data", onData).on("end", onEnd).on("error", onError).on("close", onEnd);
    void send(socket, request);
    const end = await ended;
    clearTimeout(timer);
    clearTimeout(afterwards);
    socket.off("data", onData).off("end", onEnd).off("error", onError).off("close", onEnd);
    if (end === "kept") idle.push(socket);
    else socket.destroy();
    return { answers, end, elapsedMs: performance.now() - startedMs };
  }

  return {
    exchange,
    close() {
      for (const socket of open) socket.destroy();
    },
  };
}

function isEnded({ end }: Exchange): boolean {
  return end === "closed" || end === "reset";
}

async function send(socket: Socket, { parts }: WireRequest): Promise<void> {
  for (const { bytes, pauseMs } of parts) {
    if (pauseMs !== undefined) await delay(pauseMs);
    if (socket.destroyed) return;
    socket.write(bytes);
  }
}
