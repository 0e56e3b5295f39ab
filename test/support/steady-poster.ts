import { setTimeout as delay } from "node:timers/promises";
import { createUuidV7 } from "../../contract/uuid.ts";
import type { StackClient } from "./stack-client.ts";

/** A client that posts a few events again and again, as the API asks: after a 429, a 503 or a broken connection the same body again. */
export interface SteadyPoster {
  /** Ids of events that a 202 was answered for. */
  readonly acknowledgedIds: ReadonlySet<string>;
  /** Attempts that had to be repeated, by what came instead of a 202. */
  readonly failures: ReadonlyMap<string, number>;
  /** Resolves after the body under way is acknowledged. @throws when an answer was none that the API knows for it */
  stop(): Promise<void>;
}

const EVENTS_PER_BODY = 3;
const PAUSE_MS = 20;
const RETRY_PAUSE_MS = 100;

export function startSteadyPoster(client: StackClient): SteadyPoster {
  const acknowledgedIds = new Set<string>();
  const failures = new Map<string, number>();
  const stopping = new AbortController();

  async function postUntilAcknowledged(ids: readonly string[], body: string): Promise<void> {
    for (;;) {
      const failure = await attempt(body);
      if (failure === undefined) break;
      failures.set(failure, (failures.get(failure) ?? 0) + 1);
      await delay(RETRY_PAUSE_MS);
    }
    for (const id of ids) acknowledgedIds.add(id);
  }

  async function attempt(body: string): Promise<string | undefined> {
    let response: Response;
    let text: string;
    try {
      response = await client.send(body);
      text = await response.text();
    } catch {
      return "no answer";
    }
    if (response.status === 202) return undefined;
    if (response.status === 429 || response.status === 503) return String(response.status);
    throw new Error(`Cannot post: ${response.status} ${text}`);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const ids = Array.from({ length: EVENTS_PER_BODY }, () => createUuidV7(Date.now()));
      const occurred_at = new Date().toISOString();
      const events = ids.map((event_id) => ({
        event_id,
        occurred_at,
        event_type: "steady",
        user_id: "user-1",
      }));
      await postUntilAcknowledged(ids, JSON.stringify(events));
      await delay(PAUSE_MS);
    }
  }

  const running = run();
  // Whoever stops it hears of an error.
  running.catch(() => {});
  return {
    acknowledgedIds,
    failures,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
