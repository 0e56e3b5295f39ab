import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { KeyClaims } from "../../../../contract/key.ts";
import {
  createRevocationList,
  type RevocationStore,
} from "../../../../edge/keys/revocation-list.ts";

beforeEach(() => vi.useFakeTimers({ now: Date.parse("2026-06-01T12:00:00Z") }));
afterEach(() => vi.useRealTimers());

const AT = "2026-06-01T11:00:00Z";
const TIMEOUT_MS = 300;
const K1: KeyClaims = { scope: "w", projectId: "demo", kid: "k1" };
const K2: KeyClaims = { ...K1, kid: "k2" };

type Fault = "away" | "silent" | undefined;

/** A store in memory, that can be away (fails at once) or silent (never answers, but for the time-out of a client). */
function createStore(...fields: string[]) {
  const store = {
    held: new Map(fields.map((field) => [field, AT])),
    reads: 0,
    fault: undefined as Fault,
    async read() {
      store.reads += 1;
      await store.fail();
      return new Map(store.held);
    },
    async add(revocations: ReadonlyMap<string, string>) {
      await store.fail();
      for (const [field, at] of revocations) if (!store.held.has(field)) store.held.set(field, at);
    },
    async fail() {
      if (store.fault === "silent") {
        await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS));
      }
      if (store.fault !== undefined) throw new Error("no answer");
    },
  };
  return store satisfies RevocationStore;
}

function createTestList(redis = createStore(), keeper = createStore()) {
  const logs: string[] = [];
  const log = (message: string) => void logs.push(message);
  const background: Promise<unknown>[] = [];
  const list = createRevocationList({
    redis,
    keeper,
    logger: { info: log, warn: log, error: log },
    now: Date.now,
    // The one with which the edge runs unless it is told otherwise.
    maxAgeMs: 60_000,
    timeoutMs: TIMEOUT_MS,
  });
  const waitUntil = (work: Promise<unknown>) => void background.push(work);
  return {
    redis,
    keeper,
    logs,
    list,
    /** What is given at once, if it is; a promise otherwise. */
    ask: (claims: KeyClaims) => list.isRevoked(claims, waitUntil),
    /** The answer, once time has passed if it must, and with all that was left to the background done. */
    async settle(claims: KeyClaims): Promise<boolean> {
      const answer = list.isRevoked(claims, waitUntil);
      await vi.advanceTimersByTimeAsync(typeof answer === "boolean" ? 0 : 2 * TIMEOUT_MS);
      for (let done = 0; done < background.length; done += 1) await background[done];
      return answer;
    },
  };
}

const passMs = (durationMs: number) => vi.advanceTimersByTimeAsync(durationMs);

describe("createRevocationList() by the age of the list", () => {
  it("reads it before the first answer, and answers from memory for half a minute", async () => {
    const { redis, ask, settle } = createTestList(createStore("demo:k1"));
    expect(ask(K1)).toBeInstanceOf(Promise);
    expect(await settle(K1)).toBe(true);
    expect(await settle(K2)).toBe(false);
    await passMs(29_000);
    expect(ask(K1)).toBe(true);
    expect(ask(K2)).toBe(false);
    expect(redis.reads).toBe(1);
  });

  it("answers from memory and reads once behind it until it is a minute old", async () => {
    const { redis, ask, settle } = createTestList();
    await settle(K1);
    redis.held.set("demo:k1", AT);
    await passMs(30_000);
    expect(ask(K1)).toBe(false);
    expect(ask(K1)).toBe(false);
    await passMs(0);
    expect(ask(K1)).toBe(true);
    expect(redis.reads).toBe(2);
  });

  it("waits for Redis from a minute on, also after a long sleep, and reads once for all who wait", async () => {
    const { redis, ask, settle } = createTestList();
    await settle(K1);
    for (const [sleptMs, claims] of [
      [60_000, K1],
      [86_400_000, K2],
    ] as const) {
      const readsBefore = redis.reads;
      redis.held.set(`demo:${claims.kid}`, AT);
      await passMs(sleptMs);
      const answers = [claims, claims, claims].map(ask);
      expect(answers[0]).toBeInstanceOf(Promise);
      expect(await Promise.all(answers)).toEqual([true, true, true]);
      expect(redis.reads).toBe(readsBefore + 1);
    }
  });

  it("is in force within a minute of its making, whenever requests come", async () => {
    for (const everyMs of [1_000, 7_000, 29_000, 31_000, 59_000, 61_000, 1_000_000]) {
      const { redis, settle } = createTestList();
      await settle(K1);
      await passMs(everyMs / 3);
      redis.held.set("demo:k1", AT);
      const revokedMs = Date.now();
      for (;;) {
        await passMs(everyMs);
        const sinceMs = Date.now() - revokedMs;
        if (await settle(K1)) break;
        expect(sinceMs, `a request every ${everyMs} ms`).toBeLessThan(60_000);
      }
    }
  });

  it("counts the age from the beginning of a reading", async () => {
    const { redis, list, ask } = createTestList();
    redis.read = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return new Map();
    };
    const answer = ask(K1);
    await passMs(200);
    expect(await answer).toBe(false);
    expect(list.status()).toMatchObject({ ageMs: 200 });
  });

  it("lets a request that is cut off hold up nobody", async () => {
    const { redis, list, ask } = createTestList(createStore("demo:k1"));
    const { read } = redis;
    redis.read = () => new Promise(() => {});
    void ask(K1);
    redis.read = read;
    const answer = ask(K1);
    await passMs(1_000);
    expect(await answer).toBe(true);
    expect(list.status()).toMatchObject({ unchecked: 0 });
  });
});

describe("createRevocationList() while Redis is away", () => {
  it.each(["away", "silent"] as const)("uses what it knew (%s)", async (fault) => {
    const { redis, list, settle } = createTestList(createStore("demo:k1"));
    await settle(K1);
    redis.fault = fault;
    await passMs(3_600_000);
    expect(await settle(K1)).toBe(true);
    expect(await settle(K2)).toBe(false);
    expect(list.status()).toMatchObject({ count: 1, unchecked: 0 });
    expect(list.status().ageMs).toBeGreaterThan(3_600_000);
  });

  it("lets requests wait once in ten seconds, and asks again once a second", async () => {
    const { redis, ask, settle } = createTestList();
    await settle(K1);
    redis.fault = "silent";
    await passMs(60_000);
    await settle(K1);
    const readsBefore = redis.reads;
    let waited = 0;
    for (let tenths = 0; tenths < 300; tenths += 1) {
      if (typeof ask(K1) !== "boolean") waited += 1;
      await passMs(100);
    }
    // Each wait takes the time-out, in which others come.
    expect(waited).toBeLessThanOrEqual(3 * 3);
    expect(redis.reads - readsBefore).toBeLessThanOrEqual(30);
    expect(redis.reads - readsBefore).toBeGreaterThan(15);
  });

  it("learns soon after Redis is back", async () => {
    const { redis, settle } = createTestList();
    await settle(K1);
    redis.fault = "away";
    await passMs(120_000);
    await settle(K1);
    redis.fault = undefined;
    redis.held.set("demo:k1", AT);
    await passMs(1_000);
    await settle(K1);
    expect(await settle(K1)).toBe(true);
  });

  it("asks the keeper when it was never read", async () => {
    const { redis, keeper, list, settle, logs } = createTestList(
      createStore(),
      createStore("demo:k1"),
    );
    redis.fault = "away";
    expect(await settle(K1)).toBe(true);
    expect(await settle(K2)).toBe(false);
    expect(list.status()).toEqual({ count: 1, ageMs: undefined, unchecked: 0 });
    expect(keeper.reads).toBe(1);
    expect(logs).toEqual([]);
  });

  it("asks the keeper again twice a minute: other isolates may have told it more", async () => {
    const { redis, keeper, settle } = createTestList();
    await settle(K1);
    redis.fault = "away";
    keeper.held.set("demo:k1", AT);
    await passMs(60_000);
    expect(await settle(K1)).toBe(true);
    const readsBefore = keeper.reads;
    for (let seconds = 0; seconds < 95; seconds += 1) {
      await settle(K1);
      await passMs(1_000);
    }
    expect(keeper.reads - readsBefore).toBe(3);
  });

  it("lets keys pass and counts them while the keeper is silent too", async () => {
    const { redis, keeper, list, settle, logs } = createTestList(
      createStore("demo:k1"),
      createStore("demo:k1"),
    );
    redis.fault = "silent";
    keeper.fault = "silent";
    expect(await settle(K1)).toBe(false);
    expect(await settle(K1)).toBe(false);
    expect(list.status()).toEqual({ count: 0, ageMs: undefined, unchecked: 2 });
    expect(logs.filter((message) => message.startsWith("keys pass unchecked"))).toHaveLength(1);
    keeper.fault = undefined;
    await passMs(10_000);
    expect(await settle(K1)).toBe(true);
    expect(list.status()).toMatchObject({ unchecked: 2 });
  });
});

describe("createRevocationList() when a store lacks something", () => {
  it("revives no key, and tells Redis again what it lost, with one warning", async () => {
    const { redis, ask, settle, logs } = createTestList(createStore("demo:k1", "demo:k2"));
    await settle(K1);
    redis.held.clear();
    const { add } = redis;
    redis.add = async () => {
      throw new Error("no answer");
    };
    await passMs(60_000);
    expect(await settle(K1)).toBe(true);
    await passMs(60_000);
    expect(await settle(K1)).toBe(true);
    expect(redis.held.size).toBe(0);
    redis.add = add;
    await passMs(60_000);
    expect(await settle(K2)).toBe(true);
    expect([...redis.held]).toEqual([
      ["demo:k1", AT],
      ["demo:k2", AT],
    ]);
    expect(logs).toEqual(["redis has lost revocations: writing them back"]);
    await passMs(60_000);
    await settle(K1);
    redis.held.delete("demo:k1");
    await passMs(60_000);
    await settle(K1);
    expect(redis.held.size).toBe(2);
    expect(logs).toHaveLength(2);
    expect(ask(K1)).toBe(true);
  });

  it("knows in a new isolate what Redis has lost before", async () => {
    const { redis, settle } = createTestList(createStore(), createStore("demo:k1"));
    expect(await settle(K1)).toBe(true);
    expect([...redis.held.keys()]).toEqual(["demo:k1"]);
  });

  it("tells the keeper what is new, and nothing twice", async () => {
    const { redis, keeper, settle } = createTestList(createStore("demo:k1"), createStore("old:k9"));
    const added: string[][] = [];
    const { add } = keeper;
    keeper.add = async (revocations) => {
      added.push([...revocations.keys()]);
      await add(revocations);
    };
    await settle(K1);
    redis.held.set("demo:k2", AT);
    for (let minutes = 0; minutes < 3; minutes += 1) {
      await passMs(60_000);
      await settle(K1);
    }
    expect(added).toEqual([["demo:k1"], ["demo:k2"]]);
    expect([...keeper.held.keys()]).toEqual(["old:k9", "demo:k1", "demo:k2"]);
  });

  it("keeps the instant that it learnt first", async () => {
    const { redis, settle, list } = createTestList(createStore("demo:k1"));
    await settle(K1);
    redis.held.set("demo:k1", "2026-07-01T00:00:00Z");
    await passMs(60_000);
    expect(await settle(K1)).toBe(true);
    expect(list.status()).toMatchObject({ count: 1 });
  });

  it("does not wait for a keeper that is slow, and takes what it says late", async () => {
    const { keeper, ask, settle } = createTestList();
    const answer = Promise.withResolvers<Map<string, string>>();
    keeper.read = () => answer.promise;
    const first = ask(K1);
    await passMs(TIMEOUT_MS);
    expect(await first).toBe(false);
    answer.resolve(new Map([["demo:k1", AT]]));
    await passMs(0);
    expect(await settle(K1)).toBe(true);
  });
});
