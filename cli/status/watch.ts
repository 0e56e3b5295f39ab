import { setTimeout as delay } from "node:timers/promises";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { allOf, type Sources } from "./sources.ts";

export type WatchOptions = {
  readonly sources: Sources;
  readonly intervalMs: number;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly stop: AbortSignal;
};

/** Rates need two looks: so long after the first comes the second. */
const FIRST_GAP_MS = 1_000;
/** What has not answered by then is shown without an answer. */
const FIRST_PICTURE_MS = 600;

/** One snapshot with rates. A part that is away is asked once: its second look would take as long again. */
export async function lookOnce(sources: Sources): Promise<Snapshot> {
  const all = allOf(sources);
  await Promise.all(
    all.map(async (source) => {
      await source.look();
      if (source.history().length === 0) return;
      await delay(FIRST_GAP_MS);
      await source.look();
    }),
  );
  return takeSnapshot(sources, Date.now());
}

/** Each part is asked by itself, so that one that hangs does not hold up what the others say. Ends with `stop`. */
export async function watch({
  sources,
  intervalMs,
  onSnapshot,
  stop,
}: WatchOptions): Promise<void> {
  for (const source of allOf(sources)) void askUntilStopped(source, intervalMs, stop);
  await pause(FIRST_PICTURE_MS, stop);
  while (!stop.aborted) {
    onSnapshot(takeSnapshot(sources, Date.now()));
    await pause(intervalMs, stop);
  }
}

async function askUntilStopped(
  source: { look(): Promise<void> },
  intervalMs: number,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const beganMs = performance.now();
    await source.look();
    await pause(Math.max(0, intervalMs - (performance.now() - beganMs)), stop);
  }
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch(() => {});
}
