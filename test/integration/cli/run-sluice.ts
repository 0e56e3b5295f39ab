import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

export type Run = {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly done: Promise<{ code: number | null; stdout: string; stderr: string }>;
};

/** Starts the command as a user would, with an environment of its own. */
export function runSluice(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Record<string, string> },
): Run {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? "", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += chunk;
  });
  // The command may end before it has read all of its input.
  child.stdin?.on("error", () => {});
  const done = new Promise<Awaited<Run["done"]>>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return { child, output, done };
}
