import type { AnswerStore } from "./answer-store.ts";
import { type CachedAnswer, freshnessOf, LONGEST_LIFE_MS } from "./cached-answer.ts";
import { createFlights, type WaitUntil } from "./flights.ts";
import { createMemoryCache } from "./memory-cache.ts";

export type CacheUse = "hit" | "miss" | "stale";
export type CacheResult = { readonly answer: CachedAnswer; readonly use: CacheUse };

export type CacheRequest = {
  readonly projectId: string;
  /** Says all that the answer depends on besides the project. */
  readonly question: string;
  /** Ask the store whatever is kept. */
  readonly isForced: boolean;
  /** Asks the store. What it rejects with is never kept. */
  readonly ask: () => Promise<CachedAnswer>;
  readonly waitUntil: WaitUntil;
};

export interface AnswerCache {
  read(request: CacheRequest): Promise<CacheResult>;
  /** Nothing that was read before now is given to this project any more, as far as this isolate knows. */
  forget(projectId: string): void;
}

export type AnswerCacheOptions = {
  readonly now: () => number;
  readonly maxBytes?: number;
  /** Undefined where there is none: the isolate's memory is then the only level. */
  readonly shared: AnswerStore | undefined;
  readonly patienceMs?: number;
};

/** Changes whenever the same question is answered in another form: answers of older code are then never given. */
const SCHEMA_VERSION = 1;
/** An isolate has 128 MB. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Longer than the store takes, as a rule; far shorter than it may take. */
const PATIENCE_MS = 2_000;

/**
 * | kept answer | given | then |
 * |---|---|---|
 * | fresh | at once: `hit` | |
 * | stale | at once: `stale` | the store is asked in the background, once |
 * | none, or expired | after the store, asked once for all who wait: `miss` | |
 *
 * The isolate's memory is looked into first, what is shared second.
 */
export function createAnswerCache(options: AnswerCacheOptions): AnswerCache {
  const { now, shared, maxBytes = MAX_BYTES, patienceMs = PATIENCE_MS } = options;
  const memory = createMemoryCache(maxBytes);
  const flights = createFlights<CacheResult>({ patienceMs, now });
  /** When each project was last forgotten. */
  const forgottenMs = new Map<string, number>();

  return {
    async read(request) {
      const key = keyOf(request);
      if (request.isForced) return askStore(key, request);
      const kept = usable(memory.get(key), request.projectId);
      if (kept !== undefined) return give(key, kept, request);
      return flights.join(key, () => findOrAsk(key, request), request.waitUntil);
    },

    forget(projectId) {
      for (const [id, atMs] of forgottenMs) {
        if (now() - atMs > LONGEST_LIFE_MS) forgottenMs.delete(id);
      }
      forgottenMs.set(projectId, now());
      const isOfProject = (key: string) => projectOf(key) === projectId;
      memory.deleteWhere(isOfProject);
      flights.abandonWhere(isOfProject);
    },
  };

  /** A stale answer is given while a newer one is fetched: first from the other isolates, then from the store. */
  function give(key: string, answer: CachedAnswer, request: CacheRequest): CacheResult {
    if (freshnessOf(answer, now()) === "fresh") return { answer, use: "hit" };
    // A failure is told to the next who asks once the answer has expired.
    flights.ensure(`${key}\nrefresh`, () => refresh(key, request), request.waitUntil);
    return { answer, use: "stale" };
  }

  async function findOrAsk(key: string, request: CacheRequest): Promise<CacheResult> {
    // Whoever has waited in vain for another's answer comes here after the one that came instead.
    const kept = usable(memory.get(key), request.projectId);
    const found = kept ?? (await findShared(key, request.projectId));
    return found === undefined ? askStore(key, request) : give(key, found, request);
  }

  async function refresh(key: string, request: CacheRequest): Promise<CacheResult> {
    const found = await findShared(key, request.projectId);
    const isFresh = found !== undefined && freshnessOf(found, now()) === "fresh";
    return isFresh ? { answer: found, use: "hit" } : askStore(key, request);
  }

  async function findShared(key: string, projectId: string): Promise<CachedAnswer | undefined> {
    const found = usable(await shared?.get(key), projectId);
    if (found !== undefined) memory.put(key, found);
    return found;
  }

  async function askStore(key: string, request: CacheRequest): Promise<CacheResult> {
    const answer = await request.ask();
    if (usable(answer, request.projectId) !== undefined) {
      memory.put(key, answer);
      if (shared !== undefined) request.waitUntil(shared.put(key, answer));
    }
    return { answer, use: "miss" };
  }

  function usable(answer: CachedAnswer | undefined, projectId: string): CachedAnswer | undefined {
    if (answer === undefined || freshnessOf(answer, now()) === "expired") return undefined;
    return answer.readAtMs > (forgottenMs.get(projectId) ?? 0) ? answer : undefined;
  }
}

/** A project's id has no newline. */
function keyOf({ projectId, question }: CacheRequest): string {
  return `${projectId}\n${SCHEMA_VERSION}\n${question}`;
}

function projectOf(key: string): string {
  return key.slice(0, key.indexOf("\n"));
}
