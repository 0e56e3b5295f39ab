import type { Labels } from "./metric.ts";

/** Every value that each label may have: so the number of series has a bound that is known before anything is counted. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

/** The labels of one series, none where there are no labels. */
export type LabelsOf<Values extends LabelValues> = keyof Values extends never
  ? []
  : [labels: { readonly [Name in keyof Values]: Values[Name][number] }];

export type LabelSeries = {
  /** Of each series, in a fixed order. */
  readonly labels: readonly Labels[];
  /** Undefined for a value that was not foreseen. */
  indexOf(labels: Labels): number | undefined;
};

/** All combinations of the values. Each is there from the start: a series that appears with its first count hides it from `rate()`. */
export function createLabelSeries(values: LabelValues): LabelSeries {
  const names = Object.keys(values);
  let all: Labels[] = [{}];
  for (const name of names) {
    all = all.flatMap((labels) =>
      (values[name] ?? []).map((value) => ({ ...labels, [name]: value })),
    );
  }
  const keyOf = (labels: Labels) => names.map((name) => labels[name]).join("\n");
  const indexes = new Map(all.map((labels, index) => [keyOf(labels), index]));
  const [first = "", second = ""] = names;
  // What runs for each request and batch makes no array.
  const quickKeyOf = [
    () => "",
    (labels: Labels) => labels[first] ?? "",
    (labels: Labels) => `${labels[first]}\n${labels[second]}`,
  ][names.length];
  return {
    labels: all,
    indexOf: (labels) => indexes.get((quickKeyOf ?? keyOf)(labels)),
  };
}
