/** What was seen at one door: how often each answer came, and what was wrong. */
export type Tally = {
  /** By generator or corpus, then by answer. */
  count(kind: string, outcome: string): void;
  fault(fault: Fault): void;
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly total: number;
  /** The first of each kind and text. */
  readonly faults: readonly Fault[];
  /** All of them. */
  readonly faultCount: number;
};

export type Fault = {
  readonly kind: string;
  readonly text: string;
  /** The smallest case that shows it. */
  readonly example?: string;
  /** By which it comes again. */
  readonly seed?: number;
  readonly path?: string;
};

const MAX_FAULTS = 50;

export function createTally(onFault: (fault: Fault) => void = () => {}): Tally {
  const counts = new Map<string, Map<string, number>>();
  const faults: Fault[] = [];
  let total = 0;
  let faultCount = 0;
  return {
    counts,
    faults,
    get total() {
      return total;
    },
    get faultCount() {
      return faultCount;
    },
    count(kind, outcome) {
      total += 1;
      const own = counts.get(kind) ?? new Map<string, number>();
      counts.set(kind, own);
      own.set(outcome, (own.get(outcome) ?? 0) + 1);
    },
    fault(fault) {
      faultCount += 1;
      if (faults.length >= MAX_FAULTS) return;
      faults.push(fault);
      onFault(fault);
    },
  };
}
