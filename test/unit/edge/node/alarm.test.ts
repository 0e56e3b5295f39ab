import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Alarm, createAlarm } from "../../../../edge/node/alarm.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that the test ends. */
function createWork() {
  const runs: PromiseWithResolvers<void>[] = [];
  const work = (): Promise<void> => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  };
  return { runs, work };
}

describe("createAlarm()", () => {
  it("runs once for all who ask before it does, at the first one's time", async () => {
    const { runs, work } = createWork();
    const alarm = createAlarm(work, () => {});
    alarm.schedule(1_000);
    await vi.advanceTimersByTimeAsync(900);
    alarm.schedule(1_000);
    await vi.advanceTimersByTimeAsync(99);
    expect(runs).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toHaveLength(1);
    runs[0]?.resolve();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toHaveLength(1);
  });

  it("runs again, once, for those who ask while it runs", async () => {
    const { runs, work } = createWork();
    const alarm = createAlarm(work, () => {});
    alarm.schedule(0);
    await vi.advanceTimersByTimeAsync(0);
    alarm.schedule(500);
    alarm.schedule(500);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(runs).toHaveLength(1);
    runs[0]?.resolve();
    await vi.advanceTimersByTimeAsync(499);
    expect(runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toHaveLength(2);
  });

  it("lets who hears of a failure ask again", async () => {
    const { runs, work } = createWork();
    const errors: unknown[] = [];
    const alarm: Alarm = createAlarm(work, (error) => {
      errors.push(error);
      alarm.schedule(1_000);
    });
    alarm.schedule(0);
    await vi.advanceTimersByTimeAsync(0);
    runs[0]?.reject("full");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(errors).toEqual(["full"]);
    expect(runs).toHaveLength(2);
  });

  it("stops when what runs is over, and begins nothing any more", async () => {
    const { runs, work } = createWork();
    const alarm = createAlarm(work, () => {});
    alarm.schedule(0);
    await vi.advanceTimersByTimeAsync(0);
    alarm.schedule(0);
    let isStopped = false;
    void alarm.stop().then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isStopped).toBe(false);
    runs[0]?.resolve();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isStopped).toBe(true);
    alarm.schedule(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toHaveLength(1);
  });
});
