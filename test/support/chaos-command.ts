import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What a run prints that has found nothing. */
export const CLEAN = "lost 0, duplicated 0, unexpected 0";
/** Before the test's own, so that no run outlives its test. */
const RUN_TIMEOUT_MS = 110_000;

/** The harness of a checkout, as a user runs it. */
export async function runChaos(root: string, args: readonly string[]) {
  const script = join(root, "test/chaos/run.ts");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, "--rate", "400", ...args],
    { stdio: ["ignore", "pipe", "pipe"], timeout: RUN_TIMEOUT_MS },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  // What a failed test shows.
  process.stdout.write(output);
  return { code, output };
}
