import { type Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export type Exchange = { readonly status: number; readonly durationMs: number };

/**
 * Sends at an even pace whatever the answers are: slow ones do not slow the arrivals down. A request that got no answer has the
 * status 0.
 */
export interface PacedLoad {
  /** Sends no more; resolves once everything is answered. */
  stop(): Promise<readonly Exchange[]>;
}

export function startPacedLoad(
  perSecond: number,
  send: (index: number) => Promise<number>,
): PacedLoad {
  const exchanges: Exchange[] = [];
  const pending = new Set<Promise<void>>();
  const stopping = new AbortController();

  async function exchange(index: number): Promise<void> {
    const beganMs = performance.now();
    const status = await send(index).catch(() => 0);
    exchanges.push({ status, durationMs: performance.now() - beganMs });
  }

  async function run(): Promise<void> {
    const beganMs = performance.now();
    for (let index = 0; !stopping.signal.aborted; index += 1) {
      const dueMs = beganMs + (index * 1_000) / perSecond;
      await delay(Math.max(0, dueMs - performance.now()));
      const sending: Promise<void> = exchange(index).finally(() => pending.delete(sending));
      pending.add(sending);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(pending);
      return exchanges;
    },
  };
}

export type PlainRequest = {
  readonly agent: Agent;
  readonly method: "GET" | "POST";
  readonly key: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

const TIMEOUT_MS = 30_000;

/** The status of an answer that has arrived whole. Node's plain client: fetch takes several times as much of a processor. */
export function exchangePlainly(url: string, plain: PlainRequest): Promise<number> {
  const { agent, method, key, body, headers } = plain;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const options = {
    agent,
    method,
    timeout: TIMEOUT_MS,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
      ...headers,
    },
  };
  const outgoing = request(url, options, (response) => {
    response.resume();
    response.once("end", () => resolve(response.statusCode ?? 0));
    response.once("error", reject);
  });
  outgoing.once("timeout", () => outgoing.destroy(new Error("no answer")));
  outgoing.once("error", reject);
  outgoing.end(body);
  return promise;
}
