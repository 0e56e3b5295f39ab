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
  const bounds = [...buckets.map(String), "+Inf"];
  const states = series.labels.map((own) => ({
    counts: bounds.map(() => 0),
    sum: 0,
    labels: own,
    /** Of each bucket: the same objects each time, whose text is remembered. */
    bucketLabels: bounds.map((le): Labels => ({ ...own, le })),
  }));

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
      samples: states.flatMap(toSamples),
    }),
  };
}

function toSamples({
  counts,
  sum,
  labels,
  bucketLabels,
}: {
  readonly counts: readonly number[];
  readonly sum: number;
  readonly labels: Labels;
  readonly bucketLabels: readonly Labels[];
}): Sample[] {
  let count = 0;
  const samples: Sample[] = bucketLabels.map((own, bucket) => {
    count += counts[bucket] ?? 0;
    return { suffix: "_bucket", labels: own, value: count };
  });
  return [
    ...samples,
    { suffix: "_sum", labels, value: sum },
    { suffix: "_count", labels, value: count },
  ];
}
