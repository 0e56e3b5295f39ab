import type { Replay } from "./replays.ts";

/** How a replay looks from outside. */
export type WatchDeps = {
  /** Undefined once the replay is over; rejects while NATS is away. */
  readonly find: () => Promise<Replay | undefined>;
  readonly onProgress: (storedSequence: number) => void;
  readonly onNotice: (text: string) => void;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
};

const POLL_MS = 500;
/** Workers look for replays every few seconds. */
const PICKUP_MS = 30_000;
const BLIND_MS = 60_000;

/**
 * Looks at a replay until it is over. Says so once when no worker takes it up, and when NATS is away, and keeps waiting.
 * @throws the last error when NATS stays away.
 */
export async function watchReplay(deps: WatchDeps): Promise<void> {
  const startedMs = deps.nowMs();
  let seenMs = startedMs;
  let isWaiting = false;
  let isBlind = false;
  for (;;) {
    try {
      const replay = await deps.find();
      if (replay === undefined) return;
      seenMs = deps.nowMs();
      isBlind = false;
      deps.onProgress(replay.storedSequence);
      if (!replay.hasBegun && !isWaiting && seenMs - startedMs >= PICKUP_MS) {
        isWaiting = true;
        deps.onNotice(
          `No worker has taken up the replay for ${PICKUP_MS / 1_000} s: is one running? Still waiting`,
        );
      }
    } catch (error) {
      if (deps.nowMs() - seenMs >= BLIND_MS) throw error;
      if (!isBlind) deps.onNotice("NATS does not answer: the replay is out of sight, not over");
      isBlind = true;
    }
    await deps.pause(POLL_MS);
  }
}
