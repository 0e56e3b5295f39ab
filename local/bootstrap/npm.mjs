import { spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { ROOT, TOOLS } from "./checkout.mjs";

/** Whether npm succeeded. Its output goes to standard error: standard output is the script's. */
export function npm(args, node, output = 2) {
  const { status } = spawnSync("npm", args, {
    cwd: ROOT,
    stdio: ["ignore", output, output],
    env: environmentFor(node),
  });
  return status === 0;
}

/** The environment in which `node` and what the checkout has come first. */
export function environmentFor(node) {
  const first = [dirname(node), join(ROOT, "node_modules", ".bin"), join(TOOLS, "bin")];
  return { ...process.env, PATH: [...first, process.env.PATH].join(delimiter) };
}
