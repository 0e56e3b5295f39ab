import { describe, expect, it } from "vitest";
import type { LimitName, LimitState } from "../../../../edge/limits/rate-limit.ts";
import { createRecentRefusals } from "../../../../edge/limits/recent-refusals.ts";

function exceeded(name: LimitName, resetMs: number): LimitState {
  const unit = name.startsWith("requests") ? "requests" : "events";
  return { name, unit, quota: 1, windowSeconds: 1, remaining: 0, resetMs, isExceeded: true };
}

function create(startMs = 10_000) {
  let nowMs = startMs;
  const refusals = createRecentRefusals(() => nowMs);
  const at = (ms: number) => {
    nowMs = ms;
  };
  return { refusals, at };
}

describe("createRecentRefusals()", () => {
  it.each<[string, LimitState[], number]>([
    ["until a request is there again", [exceeded("requests", 200)], 199],
    ["for a second at most", [exceeded("requests", 60_000)], 1_000],
    ["for a second of a day", [exceeded("requests-per-day", 40_000_000)], 1_000],
    ["until the later of two", [exceeded("requests", 20), exceeded("requests-per-day", 500)], 499],
  ])("refuses %s", (_, decision, lengthMs) => {
    const { refusals, at } = create();
    refusals.remember("shop", decision, 9_900);
    at(9_900 + lengthMs - 1);
    expect(refusals.find("shop")).toBe(decision);
    at(9_900 + lengthMs);
    expect(refusals.find("shop")).toBeUndefined();
  });

  it.each<[string, LimitState[]]>([
    ["too many events: fewer may pass", [exceeded("events", 500)]],
    ["the day's events: fewer may pass", [exceeded("events-per-day", 500)]],
    ["a request that passed", [{ ...exceeded("requests", 500), isExceeded: false }]],
    ["less than a millisecond", [exceeded("requests", 1)]],
  ])("does not remember %s", (_, decision) => {
    const { refusals } = create();
    refusals.remember("shop", decision, 10_000);
    expect(refusals.find("shop")).toBeUndefined();
  });

  it("counts from when Redis was asked: an answer that came late refuses nobody", () => {
    const { refusals } = create();
    refusals.remember("shop", [exceeded("requests", 200)], 9_700);
    expect(refusals.find("shop")).toBeUndefined();
  });

  it("locks nobody out when the clock is set back", () => {
    const { refusals, at } = create();
    refusals.remember("shop", [exceeded("requests", 200)], 10_000);
    at(1_000);
    expect(refusals.find("shop")).toBeUndefined();
    at(10_000);
    expect(refusals.find("shop")).toBeUndefined();
  });

  it("keeps projects apart, and bounds how many it remembers", () => {
    const { refusals } = create();
    for (let index = 0; index < 1_000; index += 1) {
      refusals.remember(`project-${index}`, [exceeded("requests", 200)], 10_000);
    }
    expect(refusals.find("project-999")).toBeDefined();
    expect(refusals.find("shop")).toBeUndefined();
    refusals.remember("shop", [exceeded("requests", 200)], 10_000);
    expect(refusals.find("shop")).toBeDefined();
    expect(refusals.find("project-999")).toBeUndefined();
  });
});
