import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readAlertRules, readAlertTests } from "../../support/metrics/alert-rules.ts";

const runbook = readFileSync(new URL("../../../docs/runbook.md", import.meta.url), "utf8");
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section]),
);
const rules = readAlertRules();

describe("docs/runbook.md", () => {
  it.each(rules)(
    "says what $alert means, what to look at and what to do",
    ({ alert, annotations }) => {
      expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      const section = sections.get(alert) ?? "";
      for (const part of ["Means", "Look", "Do"]) expect(section).toMatch(`**${part}**: `);
    },
  );

  it("has no section without an alert, and each alert once", () => {
    expect([...sections.keys()].sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });

  it("links to sections that there are", () => {
    const anchors = [...sections.keys()].map((title) => title.toLowerCase());
    for (const [, anchor] of runbook.matchAll(/\]\(#([^)]*)\)/g)) expect(anchors).toContain(anchor);
  });
});

describe("deploy/prometheus", () => {
  it.each(rules)("$alert tells people what happened", ({ labels, annotations }) => {
    expect(["critical", "warning"]).toContain(labels.severity);
    expect(annotations.summary).not.toMatch(/\.$/);
    expect(annotations.description.length).toBeGreaterThan(annotations.summary.length);
  });

  it.each(rules)("$alert is tested to fire, and not to", ({ alert }) => {
    const expected = readAlertTests().flatMap(({ alert_rule_test }) =>
      alert_rule_test.flatMap(({ alertname, exp_alerts }) =>
        alertname === alert ? [exp_alerts.length > 0] : [],
      ),
    );
    expect(expected.sort()).toEqual([false, true]);
  });
});
