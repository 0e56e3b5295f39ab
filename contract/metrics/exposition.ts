import type { Labels, Metric, Sample } from "./metric.ts";

export const EXPOSITION_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/. A metric without samples is left out. */
export function formatExposition(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map((metric) => {
      const { name, help, type, samples } = metric;
      const lines = samples.map((sample) => `${seriesOf(metric, sample)} ${sample.value}`);
      return [`# HELP ${name} ${escapeText(help)}`, `# TYPE ${name} ${type}`, ...lines, ""].join(
        "\n",
      );
    })
    .join("");
}

/** What names one series among all of them: the metric and its labels, as the format writes them. */
export function seriesOf(
  { name }: Pick<Metric, "name">,
  { suffix, labels = NONE }: Sample,
): string {
  return `${name}${suffix ?? ""}${formatLabels(labels)}`;
}

const NONE: Labels = {};
/** An edge writes the labels of some five hundred series every few seconds, always the same ones. */
const formatted = new WeakMap<Labels, string>();

function formatLabels(labels: Labels): string {
  const known = formatted.get(labels);
  if (known !== undefined) return known;
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`,
  );
  const text = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  formatted.set(labels, text);
  return text;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
