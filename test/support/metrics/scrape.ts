/** What one answer of `GET /metrics` says. */
export type Scrape = {
  readonly text: string;
  readonly metrics: ReadonlyMap<string, ScrapedMetric>;
  /** The value of the series with these very labels; undefined when there is none. */
  value(series: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** The sum of the series that have these labels among theirs. */
  sum(series: string, labels?: Readonly<Record<string, string>>): number;
  /** The values of a metric with one label, by its value. */
  byLabel(series: string): Record<string, number>;
};

export type ScrapedMetric = {
  readonly help: string;
  readonly type: string;
  /** In the order in which they stand, without a bucket's. */
  readonly labels: readonly string[];
  readonly series: readonly ScrapedSeries[];
};

export type ScrapedSeries = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/**
 * Insists on what a Prometheus server does: HELP and TYPE once, before the samples of their metric, names and labels of the permitted
 * characters, numbers, no series twice, and a line feed at the end.
 * @throws with the first line that is wrong
 */
export function parseScrape(text: string): Scrape {
  const metrics = new Map<string, { help: string; type: string; series: ScrapedSeries[] }>();
  const seen = new Set<string>();
  let current = "";
  const insist = (isRight: boolean, line: string) => {
    if (!isRight) throw new Error(`Cannot read metrics: ${line}`);
  };
  insist(text.endsWith("\n"), "no line feed at the end");
  for (const line of text.slice(0, -1).split("\n")) {
    const [, comment, name = "", rest = ""] =
      /^# (HELP|TYPE) ([a-z][a-z0-9_]*) (.+)$/.exec(line) ?? [];
    const metric = metrics.get(comment === undefined ? current : name);
    if (comment === "HELP") {
      insist(metric === undefined, line);
      metrics.set(name, { help: rest, type: "", series: [] });
      current = name;
    } else if (comment === "TYPE") {
      insist(name === current && metric?.type === "", line);
      insist(/^(gauge|counter|histogram)$/.test(rest), line);
      if (metric !== undefined) metric.type = rest;
    } else {
      const series = readSeries(line);
      const own = metric?.type === "histogram" ? /_(bucket|sum|count)$/ : /^$/;
      insist(series !== undefined && series.name.replace(own, "") === current, line);
      const key = line.slice(0, line.lastIndexOf(" "));
      insist(!seen.has(key), line);
      seen.add(key);
      if (series !== undefined) metric?.series.push(series);
    }
  }
  return toScrape(text, metrics);
}

function readSeries(line: string): ScrapedSeries | undefined {
  const [, name = "", labels = "", number = ""] =
    /^([a-z][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
  const isWhole = pairs.map(([pair]) => pair).join("") === labels;
  if (name === "" || number === "" || Number.isNaN(Number(number)) || !isWhole) return undefined;
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, key, value]) => [key, value])),
    value: Number(number),
  };
}

function toScrape(
  text: string,
  metrics: ReadonlyMap<string, { help: string; type: string; series: ScrapedSeries[] }>,
): Scrape {
  const all = [...metrics.values()].flatMap(({ series }) => series);
  const having = (name: string, labels: Readonly<Record<string, string>>) =>
    all.filter(
      (series) =>
        series.name === name &&
        Object.entries(labels).every(([label, value]) => series.labels[label] === value),
    );
  return {
    text,
    metrics: new Map(
      [...metrics].map(([name, metric]) => [name, { ...metric, labels: labelsOf(metric.series) }]),
    ),
    value: (name, labels = {}) =>
      having(name, labels).find(
        (series) => Object.keys(series.labels).length === Object.keys(labels).length,
      )?.value,
    sum: (name, labels = {}) => having(name, labels).reduce((sum, { value }) => sum + value, 0),
    byLabel: (name) =>
      Object.fromEntries(
        having(name, {}).map(({ labels, value }) => [Object.values(labels)[0], value]),
      ),
  };
}

function labelsOf(series: readonly ScrapedSeries[]): string[] {
  const names = series.flatMap(({ labels }) => Object.keys(labels));
  return [...new Set(names)].filter((name) => name !== "le");
}
