import { createLabelSeries, type LabelsOf, type LabelValues } from "./label-series.ts";
import type { Labels, Metric } from "./metric.ts";

export type CounterOptions<Values extends LabelValues> = {
  /** Ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: Values;
};

export type Counter<Values extends LabelValues> = {
  /** Never throws: a count must not cost what is counted. */
  add(amount: number, ...labels: LabelsOf<Values>): void;
  metric(): Metric;
};

export function createCounter<const Values extends LabelValues = Record<never, never>>(
  options: CounterOptions<Values>,
): Counter<Values> {
  const { name, help, labels = {} } = options;
  const series = createLabelSeries(labels);
  const values = series.labels.map(() => 0);
  return {
    add(amount, ...[given]: [Labels?]) {
      const index = series.indexOf(given ?? {});
      if (index !== undefined) values[index] = (values[index] ?? 0) + amount;
    },
    metric: () => ({
      name,
      help,
      type: "counter",
      samples: series.labels.map((own, index) => ({ labels: own, value: values[index] ?? 0 })),
    }),
  };
}
