import { readFileSync } from "node:fs";
import { parse } from "yaml";

export type AlertRule = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
};

export type AlertTest = {
  readonly name: string;
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
};

const folder = new URL("../../../deploy/prometheus/", import.meta.url);

/** Of deploy/prometheus/alerts.yml. */
export function readAlertRules(): AlertRule[] {
  const { groups } = read<{ groups: { rules: AlertRule[] }[] }>("alerts.yml");
  return groups.flatMap(({ rules }) => rules);
}

/** Of deploy/prometheus/alerts.test.yml. */
export function readAlertTests(): AlertTest[] {
  return read<{ tests: AlertTest[] }>("alerts.test.yml").tests;
}

function read<Content>(name: string): Content {
  return parse(readFileSync(new URL(name, folder), "utf8")) as Content;
}
