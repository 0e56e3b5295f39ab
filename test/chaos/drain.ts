import { setTimeout as delay } from "node:timers/promises";
import type { Observer } from "./observer.ts";

export type Drain = {
  readonly drainMs: number;
  /** False when it was given up: then what is missing may still come. */
  readonly isDrained: boolean;
};

/** So long nothing must be on its way, nor arrive: what a client gave up waiting for may still be under way inside the edge. */
const QUIET_MS = 6_000;
const TIMEOUT_MS = 300_000;
const PAUSE_MS = 250;

/**
 * Waits until every event has come where it will ever come: for those that are missing then, nothing is left that holds them, and those
 * that come twice have come.
 */
export async function drain(observer: Pick<Observer, "countStored" | "isIdle">): Promise<Drain> {
  const startedMs = Date.now();
  let quietSinceMs = startedMs;
  let storedBefore = -1;
  while (Date.now() - startedMs < TIMEOUT_MS) {
    const isIdle = await observer.isIdle().catch(() => false);
    const stored = await observer.countStored().catch(() => undefined);
    if (!isIdle || stored !== storedBefore) quietSinceMs = Date.now();
    if (Date.now() - quietSinceMs >= QUIET_MS) {
      return { drainMs: quietSinceMs - startedMs, isDrained: true };
    }
    storedBefore = stored ?? -1;
    await delay(PAUSE_MS);
  }
  return { drainMs: TIMEOUT_MS, isDrained: false };
}
