import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { createUuidV7 } from "../../contract/uuid.ts";
import type { ChaosStack } from "./chaos-stack.ts";
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
  /** Acknowledged bodies and events that were posted again on purpose. */
  readonly repeats: number;
  /** Answers that the API does not know for what was sent. */
  readonly strange: readonly string[];
  /** No new bodies; resolves once all that were sent are acknowledged. */
  stop(): Promise<void>;
};

type SentEvent = { readonly sequence: number; readonly json: string };
type Body = { readonly events: readonly SentEvent[]; readonly idempotencyKey?: string };

/** As SDKs do it: an answer that takes longer is none. */
const REQUEST_TIMEOUT_MS = 12_000;
const MAX_EVENTS = 200;
/** Acknowledged bodies that a client can still repeat. */
const REMEMBERED_BODIES = 50;
const REPEAT_SHARE = 0.04;
const MIX_SHARE = 0.03;
const TWICE_AT_ONCE_SHARE = 0.03;
const IDEMPOTENCY_KEY_SHARE = 0.1;
const GZIP_SHARE = 0.2;

/**
 * Clients that behave as the API asks: after a 429, a 503 or no answer they send the same body again, until it is acknowledged. On
 * purpose they also repeat what is acknowledged already: whole bodies, single events in other company, and bodies twice at once.
 */
export function startClients(options: ClientsOptions): Clients {
  const { stack, ledger, random, clients, eventsPerSecond } = options;
  const answers = new Map<string, number>();
  const strange: string[] = [];
  const stopping = new AbortController();
  let repeats = 0;

  async function runClient(): Promise<void> {
    const remembered: Body[] = [];
    while (!stopping.signal.aborted) {
      const body = nextBody(remembered);
      const startedMs = Date.now();
      if (random.next() < TWICE_AT_ONCE_SHARE) {
        repeats += body.events.length;
        await Promise.all([postUntilAcknowledged(body), postUntilAcknowledged(body)]);
      } else {
        await postUntilAcknowledged(body);
      }
      remembered.push(body);
      if (remembered.length > REMEMBERED_BODIES) remembered.shift();
      const paceMs = (body.events.length * clients * 1_000) / eventsPerSecond;
      const waitMs = Math.max(0, startedMs + paceMs - Date.now());
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  function nextBody(remembered: readonly Body[]): Body {
    if (remembered.length > 0 && random.next() < REPEAT_SHARE) {
      const body = random.pick(remembered);
      repeats += body.events.length;
      return body;
    }
    // Few large bodies, many small ones.
    const count = Math.ceil(MAX_EVENTS * random.next() ** 3);
    if (random.next() < IDEMPOTENCY_KEY_SHARE) {
      const events = Array.from({ length: count }, () => createEvent({}));
      return { events, idempotencyKey: randomUUID() };
    }
    const events = Array.from({ length: count }, () =>
      createEvent({ event_id: createUuidV7(Date.now()) }),
    );
    if (remembered.length > 0 && random.next() < MIX_SHARE) {
      const { events: old, idempotencyKey } = random.pick(remembered);
      // Such events have their identity from their place in the body.
      if (idempotencyKey === undefined) {
        const mixedIn = old.slice(0, random.integer(1, old.length));
        repeats += mixedIn.length;
        return { events: random.shuffle([...events, ...mixedIn]) };
      }
    }
    return { events };
  }

  function createEvent(identity: { readonly event_id?: string }): SentEvent {
    const sequence = ledger.next();
    const event = {
      ...identity,
      occurred_at: new Date().toISOString(),
      event_type: `type-${sequence % 7}`,
      user_id: `user-${sequence % 1_000}`,
      properties: { sequence },
    };
    return { sequence, json: JSON.stringify(event) };
  }

  async function postUntilAcknowledged(body: Body): Promise<void> {
    const text = `[${body.events.map(({ json }) => json).join(",")}]`;
    const isGzip = random.next() < GZIP_SHARE;
    const request: RequestInit = {
      method: "POST",
      headers: {
        authorization: `Bearer ${stack.writeKey}`,
        "content-type": "application/json",
        ...(isGzip ? { "content-encoding": "gzip" } : {}),
        ...(body.idempotencyKey === undefined ? {} : { "idempotency-key": body.idempotencyKey }),
      },
      body: isGzip ? gzipSync(text) : text,
    };
    for (let attempt = 0; !(await post(request, body)); attempt += 1) {
      const backOffMs = Math.min(2_000, 100 * 2 ** attempt);
      await delay(backOffMs * (0.5 + random.next() / 2));
    }
  }

  /** Whether this body needs no further attempt. */
  async function post(request: RequestInit, body: Body): Promise<boolean> {
    let status = 0;
    let text = "";
    try {
      const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const response = await fetch(`${stack.edgeUrl}/v1/events`, { ...request, signal });
      status = response.status;
      text = await response.text();
    } catch {
      count("no answer");
      return false;
    }
    count(String(status));
    if (status === 429 || status === 503) return false;
    if (status === 202 && hasCountedAll(text, body.events.length)) {
      ledger.acknowledge(body.events.map(({ sequence }) => sequence));
      return true;
    }
    strange.push(`${status} ${text.slice(0, 200)}`);
    // A 500 promises nothing: whether the events are stored is found out by sending them again.
    return status < 500;
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
      await running;
    },
  };
}

/** Each event is accepted or a duplicate. */
function hasCountedAll(text: string, events: number): boolean {
  try {
    const { accepted, duplicate } = JSON.parse(text);
    return accepted + duplicate === events;
  } catch {
    return false;
  }
}
