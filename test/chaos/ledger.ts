/** What the clients know: which events they have sent, and which of them were acknowledged. Sequence numbers are never used twice. */
export type Ledger = {
  readonly sent: number;
  readonly acknowledged: ReadonlySet<number>;
  /** A new sequence number, sent from now on. */
  next(): number;
  acknowledge(sequences: readonly number[]): void;
};

export function createLedger(): Ledger {
  const acknowledged = new Set<number>();
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    acknowledged,
    next() {
      sent += 1;
      return sent;
    },
    acknowledge(sequences) {
      for (const sequence of sequences) acknowledged.add(sequence);
    },
  };
}
