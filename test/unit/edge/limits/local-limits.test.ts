import { describe, expect, it } from "vitest";
import { createLocalLimits } from "../../../../edge/limits/local-limits.ts";
import { isAllowed, type ProjectLimits } from "../../../../edge/limits/rate-limit.ts";

const LIMITS: ProjectLimits = {
  events: { perSecond: 10, burst: 20 },
  requests: { perSecond: 1, burst: 4 },
  queryUnits: { perSecond: 5, burst: 10 },
  eventsPerDay: 1,
  requestsPerDay: 1,
  concurrentQueries: 1,
};

function create() {
  let nowMs = 1_000_000;
  const limits = createLocalLimits(() => nowMs);
  const wait = (ms: number) => {
    nowMs += ms;
  };
  const passes = (count: number, projectId = "shop") =>
    isAllowed(limits.takeEvents(projectId, LIMITS, count));
  return { limits, wait, passes };
}

describe("createLocalLimits()", () => {
  it("takes from all limits or from none, and tells what is left", () => {
    const { limits, passes } = create();
    expect(limits.takeEvents("shop", LIMITS, 15)).toEqual([
      {
        name: "events",
        unit: "events",
        quota: 20,
        windowSeconds: 2,
        remaining: 5,
        resetMs: 1_500,
        isExceeded: false,
      },
      {
        name: "requests",
        unit: "requests",
        quota: 4,
        windowSeconds: 4,
        remaining: 3,
        resetMs: 1_000,
        isExceeded: false,
      },
    ]);
    expect(limits.takeEvents("shop", LIMITS, 8)).toMatchObject([
      { isExceeded: true, remaining: 5, resetMs: 300 },
      { isExceeded: false, remaining: 3, resetMs: 1_000 },
    ]);
    for (let index = 0; index < 3; index += 1) expect(passes(1)).toBe(true);
    expect(limits.takeEvents("shop", LIMITS, 1)).toMatchObject([
      { isExceeded: false, remaining: 2 },
      { isExceeded: true, remaining: 0, resetMs: 1_000 },
    ]);
  });

  it("never lets more pass than the burst and what has come back", () => {
    const { wait, passes } = create();
    let passed = 0;
    for (let step = 0; step < 1_000; step += 1) {
      if (passes(1)) passed += 1;
      wait(50);
    }
    // Four at once and one a second, for 50 seconds.
    expect(passed).toBe(4 + 49);
  });

  it("fills up to the burst and no further, also when the clock is set back", () => {
    const { wait, passes } = create();
    expect(passes(20)).toBe(true);
    wait(-60_000);
    expect(passes(1)).toBe(false);
    wait(3_600_000);
    expect(passes(20)).toBe(true);
    expect(passes(1)).toBe(false);
  });

  it("keeps projects apart, and questions from events", () => {
    const { limits, passes } = create();
    expect(passes(20)).toBe(true);
    expect(passes(20, "other")).toBe(true);
    expect(isAllowed(limits.takeUnits("shop", LIMITS, 10))).toBe(true);
    expect(limits.takeUnits("shop", LIMITS, 4)).toMatchObject([
      { name: "queries", isExceeded: true, remaining: 0, resetMs: 800 },
    ]);
  });

  it("forgets when there are too many projects: that lets pass", () => {
    const { passes } = create();
    expect(passes(20)).toBe(true);
    for (let index = 0; index < 2_500; index += 1) passes(1, `project-${index}`);
    expect(passes(20)).toBe(true);
  });
});
