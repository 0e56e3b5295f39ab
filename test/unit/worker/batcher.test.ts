import { describe, expect, test } from "vitest";
import {
  type BatcherState,
  type BatchLimits,
  createBatcher,
  nextFlushMs,
} from "../../../worker/batcher.ts";
import type { Delivery } from "../../../worker/delivery.ts";
import { createDelivery } from "./rows.ts";

const LIMITS: BatchLimits = { maxRows: 100, maxBytes: 1_000, maxWaitMs: 50, maxWriting: 2 };
const EMPTY: BatcherState = {
  rows: 0,
  bytes: 0,
  oldestWaitedMs: 0,
  writing: 0,
  isDraining: false,
};

describe("nextFlushMs()", () => {
  test.each<[string, Partial<BatcherState>, number | undefined]>([
    ["nothing collected", {}, undefined],
    ["one row, nobody writing", { rows: 1, bytes: 10 }, 0],
    ["one row, one writing", { rows: 1, bytes: 10, writing: 1, oldestWaitedMs: 20 }, 30],
    ["waited long enough", { rows: 1, bytes: 10, writing: 1, oldestWaitedMs: 60 }, 0],
    ["full by rows", { rows: 100, bytes: 10, writing: 1 }, 0],
    ["full by bytes", { rows: 1, bytes: 1_000, writing: 1 }, 0],
    ["every writer busy", { rows: 500, bytes: 5_000, writing: 2 }, undefined],
    ["draining", { rows: 1, bytes: 10, writing: 1, isDraining: true }, 0],
  ])("%s", (_, state, expected) => {
    expect(nextFlushMs({ ...EMPTY, ...state }, LIMITS)).toBe(expected);
  });
});

describe("createBatcher()", () => {
  test("writes the first message at once and what arrives meanwhile together", async () => {
    const bench = createBench();
    bench.batcher.add(createDelivery({ rows: 1 }));
    await bench.settle();
    expect(bench.written()).toEqual([1]);
    for (let index = 0; index < 5; index += 1) bench.batcher.add(createDelivery({ rows: 1 }));
    await bench.settle();
    expect(bench.written()).toEqual([1]);
    await bench.finishOldest();
    expect(bench.written()).toEqual([1, 5]);
  });

  test("writes beside a busy writer after maxWaitMs", async () => {
    const bench = createBench();
    bench.batcher.add(createDelivery({ rows: 1 }));
    await bench.settle();
    bench.batcher.add(createDelivery({ rows: 2 }));
    await bench.settle();
    bench.pass(49);
    expect(bench.written()).toEqual([1]);
    bench.pass(1);
    expect(bench.written()).toEqual([1, 2]);
  });

  test("never cuts a message and keeps to maxRows otherwise", async () => {
    const bench = createBench();
    for (const rows of [60, 30, 20, 250, 10]) bench.batcher.add(createDelivery({ rows }));
    await bench.settle();
    expect(bench.written()).toEqual([90, 20]);
    await bench.finishOldest();
    expect(bench.written()).toEqual([90, 20, 250]);
    await bench.finishOldest();
    await bench.finishOldest();
    expect(bench.written()).toEqual([90, 20, 250, 10]);
  });

  test("cuts batches at maxBytes", async () => {
    const bench = createBench();
    for (const bytes of [600, 600, 300]) bench.batcher.add(createDelivery({ rows: 1, bytes }));
    await bench.settle();
    expect(bench.written()).toEqual([1]);
    bench.pass(50);
    expect(bench.written()).toEqual([1, 2]);
  });

  test("hands on a message without rows, which has to be settled too", async () => {
    const bench = createBench();
    bench.batcher.add(createDelivery({ rows: 0 }));
    await bench.settle();
    expect(bench.written()).toEqual([0]);
  });

  test("drain() writes the rest and resolves when all is written", async () => {
    const bench = createBench();
    for (const rows of [90, 90, 90]) bench.batcher.add(createDelivery({ rows }));
    await bench.settle();
    let isDrained = false;
    const drained = bench.batcher.drain().then(() => {
      isDrained = true;
    });
    await bench.finishOldest();
    await bench.finishOldest();
    expect(isDrained).toBe(false);
    await bench.finishOldest();
    await drained;
    expect(bench.written()).toEqual([90, 90, 90]);
  });
});

function createBench() {
  let nowMs = 0;
  let timer: { readonly atMs: number; readonly callback: () => void } | undefined;
  const batches: (readonly Delivery[])[] = [];
  const finishers: (() => void)[] = [];
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  const batcher = createBatcher(
    LIMITS,
    (deliveries) => {
      batches.push(deliveries);
      return new Promise((resolve) => finishers.push(resolve));
    },
    {
      now: () => nowMs,
      after(delayMs, callback) {
        const mine = { atMs: nowMs + delayMs, callback };
        timer = mine;
        return () => {
          if (timer === mine) timer = undefined;
        };
      },
    },
  );
  return {
    batcher,
    settle,
    /** Rows in each batch. */
    written: () => batches.map((batch) => batch.flatMap(({ rows }) => rows).length),
    pass(ms: number) {
      nowMs += ms;
      if (timer === undefined || timer.atMs > nowMs) return;
      const { callback } = timer;
      timer = undefined;
      callback();
    },
    async finishOldest() {
      finishers.shift()?.();
      await settle();
    },
  };
}
