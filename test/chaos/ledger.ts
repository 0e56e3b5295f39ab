/**
 * What the clients know: which events they have sent, and what they were told of each. Sequence numbers are never used twice. One that is
 * neither acknowledged nor refused may be stored or not: nobody was told.
 */
export type Ledger = {
  readonly sent: number;
  readonly acknowledged: ReadonlySet<number>;
  readonly refused: ReadonlySet<number>;
  /** A new sequence number, sent from now on. */
  next(): number;
  acknowledge(sequences: readonly number[]): void;
  refuse(sequences: readonly number[]): void;
};

export function createLedger(): Ledger {
  const acknowledged = new Set<number>();
  const refused = new Set<number>();
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    acknowledged,
    refused,
    next() {
      sent += 1;
      return sent;
    },
    acknowledge(sequences) {
      for (const sequence of sequences) acknowledged.add(sequence);
    },
    refuse(sequences) {
      for (const sequence of sequences) refused.add(sequence);
    },
  };
}
