import type { Logger } from "../logger.ts";
import type { AnswerStore } from "./answer-store.ts";
import { type CachedAnswer, lifetimeOf } from "./cached-answer.ts";

/** What of Cloudflare's `Cache` is used. */
export type HttpCache = {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
};

/** Asking the store takes hardly longer. */
const TIMEOUT_MS = 250;

/**
 * Answers in Cloudflare's cache, which all isolates of a data centre share. Where a Worker has none (on workers.dev) every look-up
 * misses. The key becomes a URL that nobody serves; it is hashed, since a URL has a longest length.
 */
export function createColoCache(cache: HttpCache, logger: Logger): AnswerStore {
  return {
    async get(key) {
      const timeout = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => timeout.resolve(undefined), TIMEOUT_MS);
      try {
        return await Promise.race([read(await urlOf(key), key), timeout.promise]);
      } catch (error) {
        logger.warn("the shared cache cannot be read", { err: error });
        return undefined;
      } finally {
        clearTimeout(timer);
      }
    },

    async put(key, answer) {
      const { freshMs, staleMs } = lifetimeOf(answer);
      const maxAgeSeconds = Math.floor((answer.readAtMs + freshMs + staleMs - Date.now()) / 1_000);
      if (maxAgeSeconds <= 0) return;
      const headers = {
        "content-type": "application/json",
        "cache-control": `public, max-age=${maxAgeSeconds}`,
      };
      const kept: Kept = { key, answer };
      try {
        await cache.put(await urlOf(key), new Response(JSON.stringify(kept), { headers }));
      } catch (error) {
        logger.warn("the shared cache cannot be written", { err: error });
      }
    },
  };

  async function read(url: string, key: string): Promise<CachedAnswer | undefined> {
    const response = await cache.match(url);
    if (response === undefined) return undefined;
    const kept = (await response.json()) as Kept;
    return kept.key === key ? kept.answer : undefined;
  }
}

/** With its key, so that no other question's answer is ever given, whatever a hash or a cache does. */
type Kept = { readonly key: string; readonly answer: CachedAnswer };

async function urlOf(key: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return `https://answers.sluice.invalid/${Buffer.from(hash).toString("hex")}`;
}
