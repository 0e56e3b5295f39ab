import type { Metric } from "../../contract/metrics/metric.ts";
import { type Tally, tallyOf, tallySince } from "./tally.ts";

/**
 * Tells what an isolate counts to one that outlives it. A scrape meets any isolate of many, each of which begins at zero and ends unseen:
 * `rate()` over what they say in turn is nonsense. So what each has counted is added up in one place, a few seconds later.
 */
export type TallyTeller<Place> = {
  /** After something was counted: costs a comparison, and one call every {@link EVERY_MS}. */
  soon(place: Place, waitUntil: (work: Promise<unknown>) => void): void;
  /** Never rejects: what cannot be told now is told later. */
  now(place: Place): Promise<void>;
};

export type TallyTellerOptions<Place> = {
  readonly read: () => readonly Metric[];
  readonly tell: (tally: Tally, place: Place) => Promise<void>;
  readonly clock: () => number;
  readonly delay: (ms: number) => Promise<void>;
};

const EVERY_MS = 5_000;

export function createTallyTeller<Place>(options: TallyTellerOptions<Place>): TallyTeller<Place> {
  /** A time, not a flag: a call that is cut off with its request blocks no later one. */
  let nextAtMs = Number.NEGATIVE_INFINITY;
  let told: Tally = {};

  return {
    soon(place, waitUntil) {
      const nowMs = options.clock();
      if (nowMs < nextAtMs) return;
      nextAtMs = nowMs + EVERY_MS;
      waitUntil(options.delay(EVERY_MS).then(() => tell(place)));
    },
    now: tell,
  };

  async function tell(place: Place): Promise<void> {
    const before = told;
    const counted = tallyOf(options.read());
    const tally = tallySince(counted, before);
    if (Object.keys(tally).length === 0) return;
    // Before the answer, or what is counted meanwhile would be told twice.
    told = counted;
    try {
      await options.tell(tally, place);
    } catch {
      told = tallySince(told, tally);
    }
  }
}
