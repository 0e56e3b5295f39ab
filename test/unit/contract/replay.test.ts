import { describe, expect, test } from "vitest";
import {
  encodeReplayPlan,
  isReplayConsumer,
  parseReplayPlan,
  replayConsumerName,
} from "../../../contract/replay.ts";
import { STORE_CONSUMER } from "../../../contract/stream.ts";

test("isReplayConsumer() tells a replay from the workers' own consumer", () => {
  expect(isReplayConsumer(replayConsumerName("1f2e3d4c"))).toBe(true);
  expect(isReplayConsumer(STORE_CONSUMER)).toBe(false);
});

describe("parseReplayPlan()", () => {
  test("reads what encodeReplayPlan() wrote", () => {
    const plan = { end_sequence: 12, events_per_second: 5_000 };
    expect(parseReplayPlan(encodeReplayPlan(plan))).toEqual(plan);
  });

  test.each([
    undefined,
    "",
    "soon",
    "[]",
    '{"end_sequence":1}',
    '{"end_sequence":-1,"events_per_second":1}',
    '{"end_sequence":1,"events_per_second":0}',
    '{"end_sequence":1.5,"events_per_second":1}',
  ])("refuses %s", (description) => {
    expect(() => parseReplayPlan(description)).toThrow(
      "Cannot read replay: the consumer's description is not a plan",
    );
  });
});
