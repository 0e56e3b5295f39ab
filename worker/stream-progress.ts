import type { JetStreamManager } from "@nats-io/jetstream";
import { formatInstant } from "../contract/time-buckets.ts";
import type { Logger } from "./logger.ts";
import { pause } from "./pause.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { readStoredMs } from "./stored-until.ts";

const EVERY_MS = 250;

/** Knows how fresh a store is, all of whose committed rows are in every answer. */
export type StreamProgress = {
  /**
   * Everything that the stream had stored before is committed; null until the stream has answered. A reader asks before its statement
   * runs: rows that are acknowledged later may not be in it.
   */
  asOf(): string | null;
  /** The same; undefined until the stream has answered. */
  asOfMs(): number | undefined;
  run(stop: AbortSignal): Promise<void>;
};

export function createStreamProgress(deps: {
  readonly manager: JetStreamManager;
  readonly logger: Logger;
}): StreamProgress {
  const { manager, logger } = deps;
  let claimMs: number | undefined;

  return {
    asOfMs: () => claimMs,
    asOf: () => (claimMs === undefined ? null : formatInstant(claimMs)),
    async run(stop) {
      for (let failures = 0; !stop.aborted; ) {
        try {
          const storedMs = await readStoredMs(manager);
          // A claim stays true once it is: a recreated consumer delivers everything again and takes nothing back.
          if (storedMs !== undefined) claimMs = Math.max(claimMs ?? storedMs, storedMs);
          failures = 0;
          await pause(EVERY_MS, stop);
        } catch (error) {
          if (stop.aborted) return;
          logger.warn({ err: error }, "progress not read, retrying");
          await pause(retryDelayMs(failures, Math.random()), stop);
          failures += 1;
        }
      }
    },
  };
}
