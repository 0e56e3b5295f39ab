import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFlights } from "../../../../edge/cache/flights.ts";

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

const PATIENCE_MS = 2_000;
const waitUntil = () => {};

/** Work whose outcome the test decides. */
function createWorks() {
  const begun: PromiseWithResolvers<string>[] = [];
  const work = () => {
    const outcome = Promise.withResolvers<string>();
    begun.push(outcome);
    return outcome.promise;
  };
  return { begun, work };
}

const createTestFlights = () => createFlights<string>({ patienceMs: PATIENCE_MS, now: Date.now });

describe("createFlights()", () => {
  it("works once for all who join, and anew afterwards", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    const joined = [1, 2, 3].map(() => flights.join("a", work, waitUntil));
    const other = flights.join("b", work, waitUntil);
    expect(begun).toHaveLength(2);
    begun[0]?.resolve("one");
    begun[1]?.resolve("two");
    expect(await Promise.all(joined)).toEqual(["one", "one", "one"]);
    expect(await other).toBe("two");
    const later = flights.join("a", work, waitUntil);
    begun[2]?.resolve("three");
    expect(await later).toBe("three");
  });

  it("fails for all who join, and works anew afterwards", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    const joined = [1, 2, 3].map(() => flights.join("a", work, waitUntil));
    begun[0]?.reject(new Error("away"));
    for (const one of await Promise.allSettled(joined)) {
      expect(one).toEqual({ status: "rejected", reason: new Error("away") });
    }
    const later = flights.join("a", work, waitUntil);
    begun[1]?.resolve("back");
    expect(await later).toBe("back");
  });

  it("hands the leader's work to waitUntil, which never sees it fail", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    const kept: Promise<unknown>[] = [];
    const leader = flights.join("a", work, (promise) => kept.push(promise));
    flights.join("a", work, (promise) => kept.push(promise)).catch(() => {});
    expect(kept).toHaveLength(1);
    begun[0]?.reject(new Error("away"));
    await expect(leader).rejects.toThrow("away");
    expect(await kept[0]).toBeUndefined();
  });

  it("lets one follower ask when the leader is lost, and all take its outcome", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    const [, ...followers] = [1, 2, 3, 4].map(() => flights.join("a", work, waitUntil));
    await vi.advanceTimersByTimeAsync(PATIENCE_MS);
    expect(begun).toHaveLength(2);
    begun[1]?.resolve("second");
    expect(await Promise.all(followers)).toEqual(["second", "second", "second"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes a slow leader's outcome also after a follower has asked", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    const joined = [1, 2, 3].map(() => flights.join("a", work, waitUntil));
    await vi.advanceTimersByTimeAsync(PATIENCE_MS);
    begun[0]?.resolve("first");
    expect(await joined[0]).toBe("first");
    expect(await joined[2]).toBe("first");
    begun[1]?.resolve("second");
    expect(await joined[1]).toBe("first");
  });

  it("asks a lost store no more than once in the time a follower waits", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    const joined = Array.from({ length: 100 }, () => flights.join("a", work, waitUntil));
    await vi.advanceTimersByTimeAsync(5 * PATIENCE_MS);
    expect(begun).toHaveLength(6);
    begun[0]?.reject(new Error("away"));
    const outcomes = await Promise.allSettled(joined);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
  });

  it("begins background work unless it is under way and not lost", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    flights.ensure("a", work, waitUntil);
    flights.ensure("a", work, waitUntil);
    expect(begun).toHaveLength(1);
    vi.setSystemTime(PATIENCE_MS);
    flights.ensure("a", work, waitUntil);
    expect(begun).toHaveLength(2);
    begun[1]?.reject(new Error("away"));
    await vi.advanceTimersByTimeAsync(0);
    flights.ensure("a", work, waitUntil);
    expect(begun).toHaveLength(3);
  });

  it("lets nobody join what is abandoned", async () => {
    const flights = createTestFlights();
    const { begun, work } = createWorks();
    const before = flights.join("a", work, waitUntil);
    flights.abandonWhere((key) => key === "a");
    const after = flights.join("a", work, waitUntil);
    begun[0]?.resolve("old");
    begun[1]?.resolve("new");
    expect([await before, await after]).toEqual(["old", "new"]);
  });
});
