import { setTimeout as delay } from "node:timers/promises";
import { createUuidV7 } from "../../contract/uuid.ts";
import type { StackClient } from "./stack-client.ts";

export type Attempt = {
  readonly startedMs: number;
  readonly durationMs: number;
  /** "no answer" when the connection broke or the answer took too long. */
  readonly outcome: number | "no answer";
};

/** One event that was posted, until it was acknowledged. */
export type PostedEvent = { readonly eventId: string; readonly occurredAtMs: number };

/**
 * Posts at an even pace whatever the answers are (an open loop: slow answers do not slow the arrivals down), and after a 429, a 503
 * or a broken connection the same body again until it is acknowledged.
 */
export interface SteadyLoad {
  readonly attempts: readonly Attempt[];
  readonly posted: readonly PostedEvent[];
  /** Posts no more; resolves once everything is acknowledged. @throws when an answer was none that the API knows for it */
  stop(): Promise<void>;
}

const EVENTS_PER_BODY = 10;
/** After no answer; a 429 or 503 says itself how long. */
const RETRY_SECONDS = 1;

export function startSteadyLoad(client: StackClient, eventsPerSecond: number): SteadyLoad {
  const attempts: Attempt[] = [];
  const posted: PostedEvent[] = [];
  const posts: Promise<void>[] = [];
  const stopping = new AbortController();

  async function run(): Promise<void> {
    const beganMs = Date.now();
    for (let bodies = 0; !stopping.signal.aborted; bodies += 1) {
      const dueMs = beganMs + (bodies * EVENTS_PER_BODY * 1_000) / eventsPerSecond;
      await delay(Math.max(0, dueMs - Date.now()));
      const post = postUntilAcknowledged();
      // Whoever stops the load hears of an error.
      post.catch(() => {});
      posts.push(post);
    }
  }

  async function postUntilAcknowledged(): Promise<void> {
    const occurredAtMs = Date.now();
    const events = Array.from({ length: EVENTS_PER_BODY }, (_, index) => ({
      event_id: createUuidV7(occurredAtMs),
      occurred_at: new Date(occurredAtMs).toISOString(),
      event_type: "load",
      user_id: `user-${index}`,
    }));
    posted.push(...events.map(({ event_id }) => ({ eventId: event_id, occurredAtMs })));
    const body = JSON.stringify(events);
    for (;;) {
      const retrySeconds = await attempt(body);
      if (retrySeconds === undefined) return;
      await delay(retrySeconds * 1_000 * (1 + Math.random()));
    }
  }

  /** Undefined once the body is acknowledged, else when to send it again. */
  async function attempt(body: string): Promise<number | undefined> {
    const startedMs = Date.now();
    let outcome: Attempt["outcome"] = "no answer";
    let text = "";
    let retrySeconds = RETRY_SECONDS;
    try {
      const response = await client.send(body);
      text = await response.text();
      outcome = response.status;
      retrySeconds = Number(response.headers.get("retry-after") ?? RETRY_SECONDS);
    } catch {
      // It counts as no answer.
    }
    attempts.push({ startedMs, durationMs: Date.now() - startedMs, outcome });
    if (outcome === 202) return undefined;
    if (outcome === 429 || outcome === 503 || outcome === "no answer") return retrySeconds;
    throw new Error(`Cannot post: ${outcome} ${text}`);
  }

  const running = run();
  return {
    attempts,
    posted,
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(posts);
    },
  };
}
