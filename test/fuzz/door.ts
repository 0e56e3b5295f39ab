import type { Tally } from "./tally.ts";

export type DoorOptions = {
  /** Each begins another sequence of random cases. */
  readonly seeds: readonly number[];
  /** How many requests, messages, or files, for all seeds together. */
  readonly requests: number;
  readonly concurrency: number;
  /** Also clients that send for a minute. */
  readonly withSlowClients: boolean;
  /** Ends it before its time. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
};

export type DoorReport = {
  readonly door: string;
  readonly seeds: readonly number[];
  readonly tally: Tally;
  readonly seconds: number;
  /** What else is worth a line: figures of memory, rows compared. */
  readonly notes: readonly string[];
};

/** A way into the system, with all that can be thrown at it. It starts what it needs, and ends it. */
export type Door = (options: DoorOptions) => Promise<DoorReport>;

/** Its share of the requests for each seed. */
export function sharesOf({ seeds, requests }: Pick<DoorOptions, "seeds" | "requests">) {
  return seeds.map((seed) => ({ seed, requests: Math.ceil(requests / seeds.length) }));
}
