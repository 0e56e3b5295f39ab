import { describe, expect, it } from "vitest";
import {
  createSchedule,
  describeFault,
  FAULT_KINDS,
  parseSequence,
  type ScheduleOptions,
} from "../../chaos/schedule.ts";

const PARTS = ["nats", "worker", "edge"];
const LINKS = ["client-edge", "edge-nats"];

function optionsWith(changes: Partial<ScheduleOptions>): ScheduleOptions {
  return {
    seed: 1,
    faultsPerKind: 12,
    parts: PARTS,
    links: LINKS,
    sequence: [],
    overlap: 0.25,
    ...changes,
  };
}

describe("createSchedule()", () => {
  it("is the same for the same seed, and another for another", () => {
    const schedule = createSchedule(optionsWith({}));
    expect(createSchedule(optionsWith({}))).toEqual(schedule);
    expect(createSchedule(optionsWith({ seed: 2 }))).not.toEqual(schedule);
  });

  it("draws as many faults of each kind, spread evenly over its targets", () => {
    const schedule = createSchedule(optionsWith({}));
    const counts = Map.groupBy(schedule, ({ kind, target }) => `${kind} ${target}`);
    for (const kind of FAULT_KINDS) {
      const targets = ["kill", "terminate", "freeze"].includes(kind) ? PARTS : LINKS;
      for (const target of targets) {
        expect(counts.get(`${kind} ${target}`)).toHaveLength(12 / targets.length);
      }
    }
    expect(schedule).toHaveLength(12 * FAULT_KINDS.length);
  });

  it("lets the asked share of faults overlap", () => {
    const share = (overlap: number) =>
      createSchedule(optionsWith({ overlap })).filter(({ overlaps }) => overlaps).length;
    expect(share(0)).toBe(0);
    expect(share(1)).toBe(12 * FAULT_KINDS.length);
  });

  it("repeats a sequence as it is, and draws what it does not say", () => {
    const text = "cut:edge-nats:5000,+kill:edge@4500,freeze:nats";
    const sequence = parseSequence(text, PARTS, LINKS);
    const schedule = createSchedule(optionsWith({ sequence, faultsPerKind: 2 }));
    expect(schedule).toMatchObject([
      { kind: "cut", target: "edge-nats", durationMs: 5_000, overlaps: false },
      { kind: "kill", target: "edge", durationMs: 0, overlaps: true, pauseMs: 4_500 },
      { kind: "freeze", target: "nats", overlaps: false },
      { kind: "cut", target: "edge-nats", durationMs: 5_000, overlaps: false },
      { kind: "kill", target: "edge", durationMs: 0, overlaps: true, pauseMs: 4_500 },
      { kind: "freeze", target: "nats", overlaps: false },
    ]);
    for (const { kind, durationMs, pauseMs } of schedule) {
      if (kind === "freeze") expect(durationMs).toBeGreaterThanOrEqual(500);
      if (kind !== "kill") expect(pauseMs).toBeLessThanOrEqual(800);
    }
  });
});

it.each([
  [
    "harm:nats",
    'Cannot read fault "harm:nats": the kinds are kill, terminate, freeze, delay, cut, swallow',
  ],
  ["nats", 'Cannot read fault "nats": the kinds are kill, terminate, freeze, delay, cut, swallow'],
  ["kill:edge-nats", 'Cannot kill "edge-nats": there are nats, worker, edge'],
  ["cut:nats", 'Cannot cut "nats": there are client-edge, edge-nats'],
  ["kill:edge:500", 'Cannot kill "edge" for 500 ms: that has no duration'],
])("parseSequence() refuses %s", (text, message) => {
  expect(() => parseSequence(text, PARTS, LINKS)).toThrow(message);
});

it("describeFault() says what is done, for how long, and whether it overlaps", () => {
  const fault = { target: "edge-nats", pauseMs: 0 };
  expect([
    describeFault({
      ...fault,
      kind: "delay",
      delayMs: 120,
      durationMs: 2_345,
      overlaps: false,
    }),
    describeFault({ ...fault, kind: "kill", delayMs: 0, durationMs: 0, overlaps: true }),
  ]).toEqual(["delay edge-nats by 120 ms for 2.3 s", "+ kill edge-nats"]);
});
