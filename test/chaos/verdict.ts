export type Evidence = {
  /** The highest sequence number that was sent. */
  readonly sent: number;
  readonly acknowledged: ReadonlySet<number>;
  readonly refused: ReadonlySet<number>;
  /** The rows that hold each sequence number. */
  readonly stored: ReadonlyMap<number, StoredEvent>;
  readonly deadLetters: number;
  /** Answers that the API does not know for what was sent. */
  readonly strangeAnswers: number;
};

export type StoredEvent = {
  readonly rows: number;
  /** Rows whose columns are not what was sent under this number. */
  readonly altered: number;
};

export type Verdict = {
  /** Acknowledged, and not stored. */
  readonly lost: number;
  /** Rows beyond the first of one event. */
  readonly duplicated: number;
  /** Rows that nobody sent, or not so, or that were refused; dead letters of events that are fine; answers that the API does not know. */
  readonly unexpected: number;
  /** Sequence numbers to look for, a few of each. */
  readonly examples: Readonly<Record<"lost" | "duplicated" | "unexpected", readonly number[]>>;
};

const EXAMPLES = 10;

/** Compares what was acknowledged with what is stored. Stored without an acknowledgement is fine: the answer got lost on its way. */
export function judge(evidence: Evidence): Verdict {
  const { sent, acknowledged, refused, stored, deadLetters, strangeAnswers } = evidence;
  const lost = [...acknowledged].filter((sequence) => !stored.has(sequence));
  const repeated = [...stored].filter(([, { rows }]) => rows > 1);
  const isSent = (sequence: number) => sequence >= 1 && sequence <= sent;
  const wrong = [...stored].filter(
    ([sequence, { altered }]) => altered > 0 || refused.has(sequence) || !isSent(sequence),
  );
  return {
    lost: lost.length,
    duplicated: repeated.reduce((sum, [, { rows }]) => sum + rows - 1, 0),
    unexpected: wrong.length + deadLetters + strangeAnswers,
    examples: {
      lost: lost.slice(0, EXAMPLES),
      duplicated: repeated.slice(0, EXAMPLES).map(([sequence]) => sequence),
      unexpected: wrong.slice(0, EXAMPLES).map(([sequence]) => sequence),
    },
  };
}

export function isClean({ lost, duplicated, unexpected }: Verdict): boolean {
  return lost + duplicated + unexpected === 0;
}
