#!/usr/bin/env node
// The `sluice` command: runs cli/main.ts under a Node that strips types, getting one if need be.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootstrap, runForeground } from "../local/bootstrap.mjs";

const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
try {
  const env = await bootstrap({ programs: [], withPackages: false });
  const args = ["--disable-warning=ExperimentalWarning", main, ...process.argv.slice(2)];
  process.exitCode = await runForeground("node", args, { env });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
