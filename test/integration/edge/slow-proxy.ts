import { setTimeout as delay } from "node:timers/promises";
import { readBody, startLoopbackHttp } from "../../../local/loopback-http.ts";

/** Hands HTTP requests on, and holds answers back. */
export interface SlowProxy {
  readonly url: string;
  /** Requests that have come in so far. */
  readonly count: () => number;
  delayAnswers(delayMs: number): void;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;

export async function startSlowProxy(targetUrl: string): Promise<SlowProxy> {
  let count = 0;
  let delayMs = 0;
  const server = await startLoopbackHttp(
    0,
    async (request, response) => {
      count += 1;
      try {
        const { authorization = "", "content-type": type = "" } = request.headers;
        const answer = await fetch(new URL(request.url ?? "/", targetUrl), {
          method: "POST",
          headers: { authorization, "content-type": type, "upstash-encoding": "base64" },
          body: (await readBody(request, MAX_BODY_BYTES)) ?? "",
        });
        const text = await answer.text();
        await delay(delayMs, undefined, { ref: false });
        response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
      } catch {
        response.destroy();
      }
    },
    async () => {},
  );
  return {
    url: server.url,
    count: () => count,
    delayAnswers(ms) {
      delayMs = ms;
    },
    close: () => server.close(),
  };
}
