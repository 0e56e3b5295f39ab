import { describe, expect, it } from "vitest";
import type { CachedAnswer } from "../../../../edge/cache/cached-answer.ts";
import { createMemoryCache } from "../../../../edge/cache/memory-cache.ts";

const answerOf = (data: string): CachedAnswer => ({
  data,
  query: "{}",
  sources: "[]",
  etag: 'W/"1"',
  asOf: null,
  readAtMs: 0,
  isClosed: false,
});
/** Each takes about 20 kB as it is counted. */
const ANSWER = answerOf("x".repeat(10_000));

describe("createMemoryCache()", () => {
  it("lets go what was used least lately when it is full", () => {
    const cache = createMemoryCache(210_000);
    const keys = Array.from({ length: 10 }, (_, index) => `key ${index}`);
    for (const key of keys) cache.put(key, ANSWER);
    expect(cache.get("key 0")).toBe(ANSWER);
    cache.put("key 10", ANSWER);
    expect(cache.get("key 1")).toBeUndefined();
    for (const key of ["key 0", "key 2", "key 10"]) expect(cache.get(key)).toBe(ANSWER);
  });

  it("counts an answer that takes another's place once", () => {
    const cache = createMemoryCache(210_000);
    for (let index = 0; index < 100; index += 1) cache.put("a", ANSWER);
    cache.put("b", ANSWER);
    expect([cache.get("a"), cache.get("b")]).toEqual([ANSWER, ANSWER]);
  });

  it("does not take one that would push out many, nor keep the one before it", () => {
    const cache = createMemoryCache(210_000);
    cache.put("a", ANSWER);
    cache.put("a", answerOf("x".repeat(20_000)));
    expect(cache.get("a")).toBeUndefined();
  });

  it("deletes by key", () => {
    const cache = createMemoryCache(210_000);
    cache.put("a", ANSWER);
    cache.put("b", ANSWER);
    cache.deleteWhere((key) => key === "a");
    expect([cache.get("a"), cache.get("b")]).toEqual([undefined, ANSWER]);
  });
});
