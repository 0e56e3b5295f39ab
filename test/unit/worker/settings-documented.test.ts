import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

/** Every name in capitals that worker/env.ts parses. */
const source = readFileSync(new URL("../../../worker/env.ts", import.meta.url), "utf8");
const names = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name ?? "");
const docs = ["operations", "cold-tier"]
  .map((name) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8"))
  .join("\n");

it.each([...new Set(names)])("docs describe the setting %s", (name) => {
  expect(docs).toContain(`\`${name}\``);
});

it("there are settings", () => {
  expect(names.length).toBeGreaterThan(30);
});
