import { describe, expect, it } from "vitest";
import type { CachedAnswer } from "../../edge/cache/cached-answer.ts";
import { createColoCache, type HttpCache } from "../../edge/cache/colo-cache.ts";

function answerNow(overrides: Partial<CachedAnswer> = {}): CachedAnswer {
  return {
    data: '[{"bucket":"ü"}]',
    query: "{}",
    sources: '["events"]',
    etag: 'W/"abc"',
    asOf: "2026-06-01T11:59:59Z",
    readAtMs: Date.now(),
    isClosed: true,
    ...overrides,
  };
}

function createTestCache(cache: HttpCache = caches.default) {
  const warnings: string[] = [];
  const ignore = () => {};
  const warn = (message: string) => void warnings.push(message);
  return { store: createColoCache(cache, { info: ignore, error: ignore, warn }), warnings };
}

const uniqueKey = () => `demo\n1\n${crypto.randomUUID()}`;

describe("createColoCache() on Cloudflare's cache", () => {
  it("gives back what was put, to whoever has the same key", async () => {
    const key = uniqueKey();
    const answer = answerNow();
    await createTestCache().store.put(key, answer);
    expect(await createTestCache().store.get(key)).toEqual(answer);
    expect(await createTestCache().store.get(`${key}x`)).toBeUndefined();
  });

  it("does not put what has expired", async () => {
    const key = uniqueKey();
    await createTestCache().store.put(key, answerNow({ readAtMs: Date.now() - 600_000 }));
    expect(await createTestCache().store.get(key)).toBeUndefined();
  });

  it("takes any length of key", async () => {
    const key = `${uniqueKey()}${"x".repeat(60_000)}`;
    await createTestCache().store.put(key, answerNow());
    expect(await createTestCache().store.get(key)).toBeDefined();
  });

  it("gives no answer that was kept for another key", async () => {
    const answer = answerNow();
    const other = Response.json({ key: "other\n1\nq", answer });
    const { store } = createTestCache({ match: async () => other, put: async () => {} });
    expect(await store.get("demo\n1\nq")).toBeUndefined();
  });

  it("misses when the cache fails, breaks off or does not answer", async () => {
    const fail = async () => {
      throw new Error("no cache");
    };
    const broken = async () => new Response('{"key":');
    const never = () => new Promise<never>(() => {});
    for (const match of [fail, broken, never]) {
      const { store } = createTestCache({ match, put: fail });
      expect(await store.get("demo\n1\nq")).toBeUndefined();
    }
    const { store, warnings } = createTestCache({ match: fail, put: fail });
    await store.get("demo\n1\nq");
    await store.put("demo\n1\nq", answerNow());
    expect(warnings).toEqual([
      "the shared cache cannot be read",
      "the shared cache cannot be written",
    ]);
  });
});
