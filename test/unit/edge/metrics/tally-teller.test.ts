import { describe, expect, it } from "vitest";
import { createCounter } from "../../../../contract/metrics/counter.ts";
import type { Tally } from "../../../../edge/metrics/tally.ts";
import { createTallyTeller } from "../../../../edge/metrics/tally-teller.ts";

describe("createTallyTeller()", () => {
  it("tells what was counted since it last did, once in five seconds", async () => {
    const bench = createBench();
    bench.count(2);
    bench.soon();
    bench.count(1);
    bench.nowMs += 4_999;
    bench.soon();
    expect(bench.waiting).toHaveLength(1);
    await bench.passTime();
    expect(bench.told).toEqual([{ a_total: 3 }]);
    bench.nowMs += 1;
    bench.soon();
    await bench.passTime();
    expect(bench.told).toHaveLength(1);
    bench.count(4);
    await bench.now();
    expect(bench.told).toEqual([{ a_total: 3 }, { a_total: 4 }]);
  });

  it("tells again what could not be told, with what came since", async () => {
    const bench = createBench();
    bench.count(2);
    bench.isAway = true;
    const failing = bench.now();
    bench.count(3);
    await failing;
    expect(bench.told).toEqual([]);
    bench.isAway = false;
    await bench.now();
    expect(bench.told).toEqual([{ a_total: 5 }]);
  });

  it("tells nothing twice while one call is under way", async () => {
    const bench = createBench();
    bench.count(2);
    await Promise.all([bench.now(), bench.now()]);
    expect(bench.told).toEqual([{ a_total: 2 }]);
  });
});

function createBench() {
  const counter = createCounter({ name: "a_total", help: "A" });
  const timers: (() => void)[] = [];
  const bench = {
    nowMs: 1_000_000,
    isAway: false,
    told: [] as Tally[],
    waiting: [] as Promise<unknown>[],
    count: (amount: number) => counter.add(amount),
    now: () => teller.now("here"),
    soon: () => teller.soon("here", (work) => bench.waiting.push(work)),
    async passTime() {
      for (const end of timers.splice(0)) end();
      await Promise.all(bench.waiting);
    },
  };
  const teller = createTallyTeller<string>({
    read: () => [counter.metric()],
    async tell(tally) {
      await Promise.resolve();
      if (bench.isAway) throw new Error("away");
      bench.told.push(tally);
    },
    clock: () => bench.nowMs,
    delay: () => new Promise((resolve) => timers.push(resolve)),
  });
  return bench;
}
