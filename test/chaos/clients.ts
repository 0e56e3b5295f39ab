import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type Body, createBodies } from "./bodies.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import { exchange } from "./exchange.ts";
import { judgeAnswer } from "./judge-answer.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";

export type ClientsOptions = {
  readonly stack: Pick<ChaosStack, "edgeUrl" | "writeKey">;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly clients: number;
  /** Of all clients together, when nothing holds them up. */
  readonly eventsPerSecond: number;
};

export type Clients = {
  /** Requests by their answer: a status, or "no answer". */
  readonly answers: ReadonlyMap<string, number>;
  /** Acknowledged events that were posted again on purpose. */
  readonly repeats: number;
  /** Answers that the API does not know for what was sent. */
  readonly strange: readonly string[];
  /** No new bodies; resolves once all that were sent are settled. One that is not in time counts as strange. */
  stop(): Promise<void>;
  /** Ends everything at once, after something failed. */
  abandon(): void;
};

/** As SDKs do it: an answer that takes longer is none. */
const REQUEST_TIMEOUT_MS = { min: 3_000, max: 12_000 };
const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 2_000;
/** How long bodies may still take when nothing disturbs any more. */
const SETTLE_TIMEOUT_MS = 120_000;
const TWICE_AT_ONCE_SHARE = 0.03;
const GZIP_SHARE = 0.2;

/**
 * Clients that behave as the API asks: after a 429, a 503 or no answer they send the same body again, until it is acknowledged. On
 * purpose they also repeat what is acknowledged already, and post bodies twice at once.
 */
export function startClients(options: ClientsOptions): Clients {
  const { stack, ledger, random, clients, eventsPerSecond } = options;
  const answers = new Map<string, number>();
  const strange: string[] = [];
  const stopping = new AbortController();
  const givingUp = new AbortController();
  let repeats = 0;

  async function runClient(): Promise<void> {
    const bodies = createBodies(ledger, random);
    while (!stopping.signal.aborted) {
      const body = bodies.next();
      const startedMs = Date.now();
      const isTwice = random.next() < TWICE_AT_ONCE_SHARE;
      repeats += body.repeats + (isTwice ? body.events.length : 0);
      await Promise.all(Array.from({ length: isTwice ? 2 : 1 }, () => postUntilSettled(body)));
      bodies.remember(body);
      const paceMs = (body.events.length * clients * 1_000) / eventsPerSecond;
      await pause(startedMs + paceMs - Date.now(), stopping.signal);
    }
  }

  async function postUntilSettled(body: Body): Promise<void> {
    const request = toRequest(body);
    for (let attempt = 0; ; attempt += 1) {
      const afterMs = await post(request, body);
      if (afterMs === undefined) return;
      const backOffMs = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** attempt);
      await pause(Math.max(afterMs, backOffMs) * (1 + random.next() / 2), givingUp.signal);
      if (givingUp.signal.aborted) {
        strange.push(`a body was not settled within ${SETTLE_TIMEOUT_MS / 1_000} s`);
        return;
      }
    }
  }

  function toRequest({ events, idempotencyKey }: Body): RequestInit {
    const text = `[${events.map(({ json }) => json).join(",")}]`;
    const isGzip = random.next() < GZIP_SHARE;
    return {
      method: "POST",
      headers: {
        authorization: `Bearer ${stack.writeKey}`,
        "content-type": "application/json",
        ...(isGzip ? { "content-encoding": "gzip" } : {}),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      },
      body: isGzip ? gzipSync(text) : text,
    };
  }

  /** After how long to send the body again; undefined when it is settled. */
  async function post(request: RequestInit, body: Body): Promise<number | undefined> {
    const timeoutMs = random.integer(REQUEST_TIMEOUT_MS.min, REQUEST_TIMEOUT_MS.max);
    const answer = await exchange(`${stack.edgeUrl}/v1/events`, request, timeoutMs);
    count(answer === undefined ? "no answer" : String(answer.status));
    if (answer === undefined) return 0;
    const judgement = judgeAnswer(answer, body);
    if (judgement.kind === "again") return judgement.afterMs;
    if (judgement.kind === "strange") {
      strange.push(`${answer.status} ${answer.text.slice(0, 200)}`);
      return judgement.isFinal ? undefined : 0;
    }
    const sequences = Map.groupBy(body.events, ({ isValid }) => isValid);
    ledger.acknowledge((sequences.get(true) ?? []).map(({ sequence }) => sequence));
    ledger.refuse((sequences.get(false) ?? []).map(({ sequence }) => sequence));
    return undefined;
  }

  function count(answer: string): void {
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }

  const running = Promise.all(Array.from({ length: clients }, runClient));
  // Whoever stops them hears of an error.
  running.catch(() => {});
  return {
    answers,
    strange,
    get repeats() {
      return repeats;
    },
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => givingUp.abort(), SETTLE_TIMEOUT_MS);
      await running;
      clearTimeout(timer);
    },
    abandon() {
      stopping.abort();
      givingUp.abort();
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => {});
}
