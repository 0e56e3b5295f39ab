import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./checkout.mjs";
import { npm } from "./npm.mjs";
import { say } from "./say.mjs";

const STAMP = join(ROOT, "node_modules", ".sluice-lock");

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .digest("hex");
}

/** Whether node_modules is what package-lock.json says. */
export function hasPackages() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === lockHash();
}

/** @throws when npm fails */
export function installPackages(node) {
  const options = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  say("installing the npm packages of package-lock.json (npm ci)");
  // npm ci refuses a lock made where the registry lacks the optional packages of other platforms;
  // npm install keeps to the same versions.
  if (!npm(["ci", ...options], node, "ignore")) {
    say("npm ci does not accept package-lock.json here: npm install instead");
    if (!npm(["install", "--no-save", ...options], node))
      throw new Error("Cannot install the npm packages: npm install failed");
  }
  writeFileSync(STAMP, lockHash());
}
