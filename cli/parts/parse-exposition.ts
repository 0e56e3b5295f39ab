import type { Labels } from "../../contract/metrics/metric.ts";

export type MetricSample = {
  /** With `_bucket`, `_sum` or `_count`, if it is a histogram's. */
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
};

export type Samples = {
  /** Of that name whose labels hold these. */
  find(name: string, labels?: Labels): readonly MetricSample[];
  /** 0 where there are none. */
  sum(name: string, labels?: Labels): number;
  /** Undefined where there are none. */
  max(name: string, labels?: Labels): number | undefined;
};

/** Reads Prometheus' text format, as far as Sluice writes it. Passes over what it does not know. */
export function parseExposition(text: string): Samples {
  const byName = new Map<string, MetricSample[]>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", number] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const sample = { name, labels: parseLabels(labels), value: parseNumber(number) };
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [sample]);
    else known.push(sample);
  }
  const find = (name: string, wanted: Labels = {}) =>
    (byName.get(name) ?? []).filter(({ labels }) =>
      Object.entries(wanted).every(([label, value]) => labels[label] === value),
    );
  return {
    find,
    sum: (name, labels) => find(name, labels).reduce((sum, { value }) => sum + value, 0),
    max(name, labels) {
      const values = find(name, labels).map(({ value }) => value);
      return values.length === 0 ? undefined : Math.max(...values);
    },
  };
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function parseLabels(text: string): Labels {
  const pairs = [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => [
    name,
    value.replace(/\\(.)/g, (_, sign: string) => (sign === "n" ? "\n" : sign)),
  ]);
  return Object.fromEntries(pairs);
}

function parseNumber(text = ""): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
