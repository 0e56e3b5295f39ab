import { seriesOf } from "../../contract/metrics/exposition.ts";
import type { Metric, Sample } from "../../contract/metrics/metric.ts";

/** Counts by series, as the exposition names them. Histograms are counts, too. */
export type Tally = Readonly<Record<string, number>>;

export function tallyOf(metrics: readonly Metric[]): Tally {
  const tally: Record<string, number> = {};
  for (const metric of metrics) {
    for (const sample of metric.samples) tally[seriesOf(metric, sample)] = sample.value;
  }
  return tally;
}

/** What has been counted since `before`. */
export function tallySince(now: Tally, before: Tally): Tally {
  const grown: Record<string, number> = {};
  for (const [series, value] of Object.entries(now)) {
    const more = value - (before[series] ?? 0);
    if (more > 0) grown[series] = more;
  }
  return grown;
}

/** The same metrics with the counts of a tally in place of their own. */
export function withCounts(metrics: readonly Metric[], tally: Tally): Metric[] {
  return metrics.map((metric) => ({
    ...metric,
    samples: metric.samples.map(
      (sample): Sample => ({ ...sample, value: tally[seriesOf(metric, sample)] ?? 0 }),
    ),
  }));
}

/** Adds up what many tell. */
export type TallySum = { readonly total: Tally; add(tally: Tally): void };

export function createTallySum(): TallySum {
  const total: Record<string, number> = {};
  return {
    total,
    add(tally) {
      for (const [series, more] of Object.entries(tally))
        total[series] = (total[series] ?? 0) + more;
    },
  };
}
