import { describe, expect, test } from "vitest";
import type { Replay } from "../../../../cli/replay/replays.ts";
import { watchReplay } from "../../../../cli/replay/watch.ts";

const waiting: Replay = {
  name: "replay-1",
  project: undefined,
  plan: { end_sequence: 10, events_per_second: 100 },
  hasBegun: false,
  storedSequence: 0,
  createdMs: 0,
};

describe("watchReplay()", () => {
  test("follows a replay to its end", async () => {
    const running = { ...waiting, hasBegun: true };
    const { progress, notices } = await watch((second) =>
      second < 3 ? { ...running, storedSequence: second * 3 } : undefined,
    );
    expect([...new Set(progress)]).toEqual([0, 3, 6]);
    expect(notices).toEqual([]);
  });

  test("says once that no worker takes it up, and keeps waiting", async () => {
    const { notices } = await watch((second) => (second < 120 ? waiting : undefined));
    expect(notices).toEqual([
      "30: No worker has taken up the replay for 30 s: is one running? Still waiting",
    ]);
  });

  test("says so each time NATS is away, and sees the end after it", async () => {
    const { notices } = await watch((second) => {
      if ((second >= 5 && second < 40) || second === 50) throw new Error("no answer");
      return second < 60 ? { ...waiting, hasBegun: true } : undefined;
    });
    expect(notices).toEqual([
      "5: NATS does not answer: the replay is out of sight, not over",
      "50: NATS does not answer: the replay is out of sight, not over",
    ]);
  });

  test("gives up when NATS stays away", async () => {
    const watching = watch(() => {
      throw new Error("no answer");
    });
    await expect(watching).rejects.toThrow("no answer");
  });
});

/** Runs a watch whose pauses move the clock. */
async function watch(findAt: (second: number) => Replay | undefined) {
  let nowMs = 0;
  const progress: number[] = [];
  const notices: string[] = [];
  await watchReplay({
    find: async () => findAt(Math.floor(nowMs / 1_000)),
    onProgress: (sequence) => void progress.push(sequence),
    onNotice: (text) => void notices.push(`${nowMs / 1_000}: ${text}`),
    nowMs: () => nowMs,
    pause: async (ms) => {
      nowMs += ms;
    },
  });
  return { progress, notices };
}
