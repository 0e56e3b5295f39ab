import type { WantedEvent } from "../contract/event-reading.ts";
import { delay } from "./delay.ts";
import type { StoreReader } from "./store/store-reader.ts";

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 500;

/**
 * Waits, at most `maxWaitMs`, until every event has a row. False afterwards, and while the store cannot be asked: the events are
 * durable all the same.
 */
export async function waitUntilStored(
  projectId: string,
  wanted: readonly WantedEvent[],
  reader: Pick<StoreReader, "hasAll">,
  maxWaitMs: number,
): Promise<boolean> {
  const deadlineMs = Date.now() + maxWaitMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0) return false;
    if (await reader.hasAll(projectId, wanted, leftMs).catch(() => false)) return true;
  }
}
