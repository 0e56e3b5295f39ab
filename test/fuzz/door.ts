import type { Tally } from "./tally.ts";

export type DoorOptions = {
  readonly seed: number;
  /** How many requests, messages, or files; a door may round it up to whole rounds. */
  readonly requests: number;
  readonly concurrency: number;
  /** Ends it before its time. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
};

export type DoorReport = {
  readonly door: string;
  readonly seed: number;
  readonly tally: Tally;
  readonly seconds: number;
  /** What else is worth a line: figures of memory, rows compared. */
  readonly notes: readonly string[];
};

/** A way into the system, with all that can be thrown at it. It starts what it needs, and ends it. */
export type Door = (options: DoorOptions) => Promise<DoorReport>;
