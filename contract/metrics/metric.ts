/** One metric with its values, as Prometheus has it. Plain data, which may cross processes. */
export type Metric = {
  /** With its unit, as https://prometheus.io/docs/practices/naming/ has it. */
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly samples: readonly Sample[];
};

export type Sample = {
  /** Of a histogram alone. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels?: Labels;
  readonly value: number;
};

export type Labels = Readonly<Record<string, string>>;

/** A metric that is read when it is asked for. */
export function gauge(name: string, help: string, samples: readonly Sample[] | number): Metric {
  const list = typeof samples === "number" ? [{ value: samples }] : samples;
  return { name, help, type: "gauge", samples: list };
}
