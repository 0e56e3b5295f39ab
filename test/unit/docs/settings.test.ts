import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CLI_SETTING_NOTES } from "../../../cli/setting-notes.ts";
import { EDGE_VARS } from "../../../edge/env.ts";
import { bindingsFrom } from "../../../local/edge-runtime.ts";
import { LOCAL_SETTING_NOTES } from "../../../local/setting-notes.ts";
import { SECRETS } from "../../../worker/env.ts";
import { makeSettingsPage } from "../../docs/settings-page.ts";

const root = new URL("../../../", import.meta.url);
const page = read("docs/settings.md");

describe("docs/settings.md", () => {
  it("is what `npm run docs:settings` writes", () => {
    expect(page).toBe(makeSettingsPage());
  });

  it("has every setting of the edge that a local edge takes from its environment, and no other", () => {
    const all = Object.fromEntries(Object.keys(EDGE_VARS.shape).map((name) => [name, "given"]));
    expect(bindingsFrom({ ENVIRONMENT: "" }, all)).toEqual(all);
  });

  it("says which settings are secrets", () => {
    for (const name of SECRETS)
      expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|.*\\| yes \\|`, "m"));
    const looksSecret = [...page.matchAll(/^\| `(\w*(?:PASSWORD|TOKEN|SECRET|SECRET_\w+))` .*$/gm)];
    expect(looksSecret.length).toBeGreaterThan(10);
    for (const [row] of looksSecret) expect(row).toContain("| yes |");
  });

  it("has every variable that npm start names", () => {
    const help = /^Environment:\n([\s\S]*?)^`;/m.exec(read("local/start.ts"))?.[1] ?? "";
    const listeners = /PORT_VARIABLES = {([\s\S]*?)}/.exec(read("local/ports.ts"))?.[1] ?? "";
    const names = [...`${help}\n${listeners}`.matchAll(/\b(\w+_(?:PORT|URL|DIR)|PORT)\b/g)];
    expect(names.length).toBeGreaterThan(10);
    for (const [name] of names) expect(LOCAL_SETTING_NOTES).toHaveProperty(name);
  });

  it("has every variable that the command line reads", () => {
    const sources = globSync("cli/**/*.ts", { cwd: root.pathname }).map(read).join("\n");
    const names = [...sources.matchAll(/\benv\.([A-Z][A-Z_]+)\b/g)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      if (name !== "TERM") expect(CLI_SETTING_NOTES).toHaveProperty(name.replace(/_FILE$/, ""));
    }
  });
});

function read(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}
