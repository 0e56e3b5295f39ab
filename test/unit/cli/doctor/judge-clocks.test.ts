import { describe, expect, test } from "vitest";
import { judgeClocks, type NamedReading } from "../../../../cli/doctor/judge-clocks.ts";
import { skewMs } from "../../../../cli/parts/clock.ts";
import { complaints, NOW_MS } from "./facts.ts";

/** A clock that is so far ahead of ours, asked at one moment. */
function clock(name: string, aheadMs: number): NamedReading {
  const toldMs = NOW_MS + aheadMs;
  return {
    name,
    reading: { fromMs: toldMs, toMs: toldMs, sentMs: NOW_MS, receivedMs: NOW_MS },
  };
}

test.each([
  ["the same time", { fromMs: 1_000, toMs: 1_000, sentMs: 990, receivedMs: 1_010 }, 0],
  [
    "a time that was right at some moment of a slow answer",
    { fromMs: 1_500, toMs: 1_500, sentMs: 0, receivedMs: 3_000 },
    0,
  ],
  [
    "a whole second that holds our time",
    { fromMs: 1_000, toMs: 2_000, sentMs: 1_900, receivedMs: 1_910 },
    0,
  ],
  ["a time ahead", { fromMs: 9_000, toMs: 10_000, sentMs: 1_000, receivedMs: 1_500 }, 7_500],
  ["a time behind", { fromMs: 1_000, toMs: 2_000, sentMs: 9_000, receivedMs: 9_500 }, -7_000],
])("skewMs() of %s", (_, reading, expected) => {
  expect(skewMs(reading)).toBe(expected);
});

describe("judgeClocks()", () => {
  const fix = "synchronise it: timedatectl set-ntp true, or chrony";

  test("is content with two seconds", () => {
    const findings = judgeClocks([clock("edge", 1_900), clock("NATS", -1_900)]);
    expect(findings).toMatchObject([
      { level: "ok", detail: expect.stringMatching(/^edge, NATS:/) },
    ]);
  });

  test.each([
    [3_000, `warning NATS: 3.0 s ahead of this machine's → ${fix}`],
    [-60_000, `warning NATS: 60 s behind this machine's → ${fix}`],
    [
      61_000,
      `failure NATS: 61 s ahead of this machine's; events may be no more than 10 min ahead → ${fix}`,
    ],
    [
      -7_200_000,
      `failure NATS: 2 h behind this machine's; events may be no more than 10 min ahead → ${fix}`,
    ],
  ])("names a clock that is %i ms off", (aheadMs, complaint) => {
    expect(complaints(judgeClocks([clock("edge", 0), clock("NATS", aheadMs)]))).toEqual([
      complaint,
    ]);
  });

  test("takes this machine's for wrong where all others agree", () => {
    const others = [clock("edge", -95_000), clock("NATS", -95_400), clock("database", -94_900)];
    expect(complaints(judgeClocks(others))).toEqual([
      `failure this machine: 95 s ahead of the others'; events may be no more than 10 min ahead → ${fix}`,
    ]);
  });

  test("names each where they do not agree", () => {
    const others = [clock("edge", -95_000), clock("NATS", 95_000)];
    expect(judgeClocks(others).map(({ what }) => what)).toEqual(["edge", "NATS"]);
  });

  test("blames the one other clock, not ours", () => {
    expect(judgeClocks([clock("edge", 5_000)]).map(({ what }) => what)).toEqual(["edge"]);
  });

  test("passes over what told no time", () => {
    const silent = { name: "edge", reading: undefined };
    expect(complaints(judgeClocks([silent]))).toEqual(["skipped clocks: no part told its time"]);
    expect(judgeClocks([silent, clock("NATS", 0)])).toMatchObject([{ level: "ok" }]);
  });
});
