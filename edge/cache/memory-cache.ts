import type { CachedAnswer } from "./cached-answer.ts";

/** Answers in the isolate's memory: the least recently used go when they take too many bytes. */
export type MemoryCache = {
  get(key: string): CachedAnswer | undefined;
  put(key: string, answer: CachedAnswer): void;
  deleteWhere(isDeleted: (key: string) => boolean): void;
};

/** Besides its texts: the map's entry, the object and its small strings. */
const OVERHEAD_BYTES = 500;

export function createMemoryCache(maxBytes: number): MemoryCache {
  /** In the order of their last use. */
  const entries = new Map<string, { readonly answer: CachedAnswer; readonly bytes: number }>();
  let totalBytes = 0;

  function remove(key: string): void {
    totalBytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.answer;
    },

    put(key, answer) {
      remove(key);
      const bytes = sizeOf(key, answer);
      // One that takes the place of many is left to the next level.
      if (bytes > maxBytes / 8) return;
      entries.set(key, { answer, bytes });
      totalBytes += bytes;
      for (const oldest of entries.keys()) {
        if (totalBytes <= maxBytes) break;
        remove(oldest);
      }
    },

    deleteWhere(isDeleted) {
      for (const key of entries.keys()) if (isDeleted(key)) remove(key);
    },
  };
}

/** V8 keeps a character in one byte or two: counted as two. */
function sizeOf(key: string, { data, query }: CachedAnswer): number {
  return 2 * (2 * key.length + data.length + query.length) + OVERHEAD_BYTES;
}
