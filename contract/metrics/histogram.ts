import { createLabelSeries, type LabelsOf, type LabelValues } from "./label-series.ts";
import type { Labels, Metric, Sample } from "./metric.ts";

export type HistogramOptions<Values extends LabelValues> = {
  /** Ends in its unit: `_seconds`, `_bytes`. */
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending; one without an end is added. */
  readonly buckets: readonly number[];
  readonly labels?: Values;
};

export type Histogram<Values extends LabelValues> = {
  /** Never throws: a count must not cost what is counted. */
  observe(value: number, ...labels: LabelsOf<Values>): void;
  metric(): Metric;
};

export function createHistogram<const Values extends LabelValues = Record<never, never>>(
  options: HistogramOptions<Values>,
): Histogram<Values> {
  const { name, help, buckets, labels = {} } = options;
  const series = createLabelSeries(labels);
  const states = series.labels.map(() => ({ counts: [...buckets, 0].fill(0), sum: 0 }));

  return {
    observe(value, ...[given]: [Labels?]) {
      const index = series.indexOf(given ?? {});
      const state = index === undefined ? undefined : states[index];
      if (state === undefined || Number.isNaN(value)) return;
      let bucket = 0;
      while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket += 1;
      state.counts[bucket] = (state.counts[bucket] ?? 0) + 1;
      state.sum += value;
    },
    metric: () => ({
      name,
      help,
      type: "histogram",
      samples: series.labels.flatMap((own, index) => samplesOf(own, states[index])),
    }),
  };

  function samplesOf(own: Labels, state: { counts: number[]; sum: number } | undefined): Sample[] {
    let count = 0;
    const samples: Sample[] = (state?.counts ?? []).map((inBucket, bucket) => {
      count += inBucket;
      const le = String(buckets[bucket] ?? "+Inf");
      return { suffix: "_bucket", labels: { ...own, le }, value: count };
    });
    return [
      ...samples,
      { suffix: "_sum", labels: own, value: state?.sum ?? 0 },
      { suffix: "_count", labels: own, value: count },
    ];
  }
}
