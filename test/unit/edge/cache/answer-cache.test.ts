import { describe, expect, it } from "vitest";
import { createAnswerCache } from "../../../../edge/cache/answer-cache.ts";
import type { AnswerStore } from "../../../../edge/cache/answer-store.ts";
import { type CachedAnswer, LONGEST_LIFE_MS } from "../../../../edge/cache/cached-answer.ts";

/** A clock that the test moves, a store whose answers count up, and caches before it. */
function createSetting({ isClosed = false }: { isClosed?: boolean } = {}) {
  let nowMs = 1_000_000;
  let asked = 0;
  let failure: Error | undefined;
  const background: Promise<unknown>[] = [];
  const kept = new Map<string, CachedAnswer>();
  const shared: AnswerStore = {
    get: async (key) => kept.get(key),
    put: async (key, answer) => void kept.set(key, answer),
  };
  const now = () => nowMs;
  const openIsolate = () => {
    const cache = createAnswerCache({ now, shared });
    return {
      forget: cache.forget,
      async read({ projectId = "demo", question = "q", isForced = false } = {}) {
        const { answer, use } = await cache.read({
          projectId,
          question,
          isForced,
          ask: async () => {
            asked += 1;
            const readAtMs = nowMs;
            if (failure !== undefined) throw failure;
            const data = `${projectId} ${asked}`;
            const query = question;
            const sources = "[]";
            return { data, query, sources, etag: "", asOf: null, readAtMs, isClosed };
          },
          waitUntil: (work) => background.push(work),
        });
        return [use, answer.data];
      },
    };
  };
  return {
    openIsolate,
    kept,
    asked: () => asked,
    wait(ms: number) {
      nowMs += ms;
    },
    fail(error: Error | undefined) {
      failure = error;
    },
    settle: () => Promise.all(background),
  };
}

describe("createAnswerCache()", () => {
  it.each([
    ["seconds, for a range that includes now", false, 5_000, 25_000],
    ["minutes, for a range that has ended", true, 300_000, 300_000],
  ])("keeps an answer for %s", async (_, isClosed, freshMs, staleMs) => {
    const { openIsolate, wait, asked, settle } = createSetting({ isClosed });
    const { read } = openIsolate();
    expect(await read()).toEqual(["miss", "demo 1"]);
    wait(freshMs - 1);
    expect(await read()).toEqual(["hit", "demo 1"]);
    wait(1);
    expect(await read()).toEqual(["stale", "demo 1"]);
    await settle();
    expect(await read()).toEqual(["hit", "demo 2"]);
    wait(freshMs + staleMs);
    expect(await read()).toEqual(["miss", "demo 3"]);
    expect(asked()).toBe(3);
  });

  it("refreshes a stale answer once, however many are given it", async () => {
    const { openIsolate, wait, asked, settle } = createSetting();
    const { read } = openIsolate();
    await read();
    wait(5_000);
    const uses = await Promise.all(Array.from({ length: 20 }, () => read()));
    expect(new Set(uses.map(([use]) => use))).toEqual(new Set(["stale"]));
    await settle();
    expect(asked()).toBe(2);
  });

  it("gives a stale answer while the store fails, and its failure afterwards; keeps no failure", async () => {
    const { openIsolate, wait, fail, settle } = createSetting();
    const { read } = openIsolate();
    await read();
    fail(new Error("away"));
    wait(29_999);
    expect(await read()).toEqual(["stale", "demo 1"]);
    await settle();
    expect(await read()).toEqual(["stale", "demo 1"]);
    await settle();
    wait(1);
    await expect(read()).rejects.toThrow("away");
    fail(undefined);
    expect((await read())[0]).toBe("miss");
  });

  it("asks the store when it is forced to, and keeps what it says", async () => {
    const { openIsolate } = createSetting();
    const { read } = openIsolate();
    await read();
    expect(await read({ isForced: true })).toEqual(["miss", "demo 2"]);
    expect(await read()).toEqual(["hit", "demo 2"]);
  });

  it("never mixes projects or questions", async () => {
    const { openIsolate, asked } = createSetting();
    const { read } = openIsolate();
    // What would be one key if the parts were only joined.
    const askers = [
      { projectId: "demo", question: "q" },
      { projectId: "dem", question: "oq" },
      { projectId: "demo", question: "q2" },
      { projectId: "demo-1", question: "q" },
      { projectId: "demo", question: "1\nq" },
    ];
    const first = await Promise.all(askers.map(read));
    expect(asked()).toBe(askers.length);
    for (const [index, { projectId }] of askers.entries()) {
      expect(first[index]?.[1]).toMatch(new RegExp(`^${projectId} \\d$`));
    }
    expect(await Promise.all(askers.map(read))).toEqual(first.map(([, data]) => ["hit", data]));
  });

  it("takes another isolate's answer with its age", async () => {
    const { openIsolate, wait, asked, settle } = createSetting();
    await openIsolate().read();
    await settle();
    wait(4_000);
    const { read } = openIsolate();
    expect(await read()).toEqual(["hit", "demo 1"]);
    wait(1_000);
    expect(await read()).toEqual(["stale", "demo 1"]);
    await settle();
    expect(asked()).toBe(2);
  });

  it("refreshes from another isolate before it asks the store", async () => {
    const { openIsolate, wait, asked, settle } = createSetting();
    const [one, other] = [openIsolate(), openIsolate()];
    await one.read();
    await settle();
    wait(5_000);
    await other.read({ isForced: true });
    await settle();
    expect(await one.read()).toEqual(["stale", "demo 1"]);
    await settle();
    expect(await one.read()).toEqual(["hit", "demo 2"]);
    expect(asked()).toBe(2);
  });

  it("gives nothing that was read before it was told to forget the project", async () => {
    const { openIsolate, wait, asked } = createSetting({ isClosed: true });
    const { read, forget } = openIsolate();
    await read();
    await read({ projectId: "other" });
    wait(1);
    forget("demo");
    wait(1);
    expect(await read()).toEqual(["miss", "demo 3"]);
    expect(await read()).toEqual(["hit", "demo 3"]);
    expect((await read({ projectId: "other" }))[0]).toBe("hit");
    expect(asked()).toBe(3);
  });

  it("lets no answer live longer than it promises of erasures", async () => {
    const { openIsolate, wait, settle } = createSetting({ isClosed: true });
    const [one, other] = [openIsolate(), openIsolate()];
    await one.read();
    await settle();
    wait(1);
    one.forget("demo");
    wait(LONGEST_LIFE_MS - 2);
    expect((await other.read())[1]).toBe("demo 1");
    wait(1);
    expect((await openIsolate().read())[1]).not.toBe("demo 1");
  });
});
