import { spawnSync } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../../local/find-program.mjs";

/** Undefined where `npm test` could not get it, which it has said. */
export const PROMTOOL = findProgram("promtool");

/** Runs promtool; what it says, if it is content. @throws with what it says otherwise */
export function runPromtool(args: readonly string[], input = ""): string {
  if (PROMTOOL === undefined) throw new Error("Cannot run promtool: not found");
  const result = spawnSync(PROMTOOL, args, { input, encoding: "utf8" });
  const said = `${result.stdout}${result.stderr}`;
  if (result.status === 0) return said;
  throw new Error(`promtool ${args.join(" ")} is not content: ${result.error ?? said}`);
}

/** deploy/prometheus in a folder, with a token where an operator puts it. */
export async function copyPrometheusFiles(folder: string, token: string): Promise<void> {
  const files = fileURLToPath(new URL("../../../deploy/prometheus", import.meta.url));
  await cp(files, folder, { recursive: true });
  await mkdir(join(folder, "secrets"), { recursive: true });
  await writeFile(join(folder, "secrets", "metrics_token"), token);
}
