/** What an import of one file came to, the part of an earlier, interrupted run included. */
export type Summary = {
  readonly file: string;
  readonly read: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** Of `read`, those of an earlier run. */
  readonly readEarlier: number;
  /** Of this run. */
  readonly seconds: number;
  readonly rejectsFile: string | undefined;
  readonly isComplete: boolean;
};

export function formatSummary(summary: Summary): string {
  const { file, read, accepted, duplicate, rejected, readEarlier, seconds, isComplete } = summary;
  const earlier = readEarlier > 0 ? `, ${readEarlier} of them in an earlier run` : "";
  const rate = `${seconds.toFixed(1)} s (${ratePerSecond(summary)} events/s)`;
  return `${file}: ${read} read${earlier}, ${accepted} accepted, ${duplicate} duplicate, ${rejected} rejected in ${rate}${isComplete ? "" : ", stopped before the end"}`;
}

export function formatSummaryJson(summaries: readonly Summary[]): string {
  const total = totalOf(summaries);
  return JSON.stringify({ files: summaries.map(toJson), total: toJson(total) });
}

export function totalOf(summaries: readonly Summary[]): Summary {
  const sum = (pick: (summary: Summary) => number) =>
    summaries.reduce((total, summary) => total + pick(summary), 0);
  return {
    file: "total",
    read: sum(({ read }) => read),
    accepted: sum(({ accepted }) => accepted),
    duplicate: sum(({ duplicate }) => duplicate),
    rejected: sum(({ rejected }) => rejected),
    readEarlier: sum(({ readEarlier }) => readEarlier),
    seconds: sum(({ seconds }) => seconds),
    rejectsFile: undefined,
    isComplete: summaries.every(({ isComplete }) => isComplete),
  };
}

export function ratePerSecond(summary: Pick<Summary, "read" | "readEarlier" | "seconds">): number {
  return Math.round((summary.read - summary.readEarlier) / Math.max(summary.seconds, 0.001));
}

function toJson(summary: Summary) {
  const { file, read, accepted, duplicate, rejected, readEarlier, seconds } = summary;
  return {
    file,
    read,
    accepted,
    duplicate,
    rejected,
    read_earlier: readEarlier,
    seconds: Number(seconds.toFixed(3)),
    events_per_second: ratePerSecond(summary),
    rejects_file: summary.rejectsFile,
    complete: summary.isComplete,
  };
}
