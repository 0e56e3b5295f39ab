import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../../", import.meta.url);
const docs = readFileSync(new URL("docs/security.md", root), "utf8");

/** OWASP API Security Top 10, 2023: https://owasp.org/API-Security/editions/2023/en/0x11-t10/ */
const ITEMS = [
  "API1 Broken Object Level Authorization",
  "API2 Broken Authentication",
  "API3 Broken Object Property Level Authorization",
  "API4 Unrestricted Resource Consumption",
  "API5 Broken Function Level Authorization",
  "API6 Unrestricted Access to Sensitive Business Flows",
  "API7 Server Side Request Forgery",
  "API8 Security Misconfiguration",
  "API9 Improper Inventory Management",
  "API10 Unsafe Consumption of APIs",
];

describe("docs/security.md", () => {
  it.each(ITEMS)("says what covers %s, with tests that npm test runs", (item) => {
    const [, answer = "", tests = ""] =
      docs
        .split("\n")
        .map((line) =>
          line
            .split("|")
            .map((cell) => cell.trim())
            .slice(1, -1),
        )
        .find(([name]) => name === item) ?? [];
    expect(answer.length).toBeGreaterThan(20);
    const paths = [...tests.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) {
      expect(path).toMatch(/^test\/(unit|edge|integration|e2e)\/.+\.test\.ts$/);
      expect(existsSync(new URL(path, root)), path).toBe(true);
    }
  });

  it("names no file that is not there", () => {
    const paths = [
      ...docs.matchAll(/`((?:test|edge|worker|contract|deploy|docs|cli|local|sql)\/[\w./-]+)`/g),
    ];
    for (const [, path = ""] of paths) expect(existsSync(new URL(path, root)), path).toBe(true);
  });
});
