import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

export type ImportRun = {
  /** Undefined when it had to be ended. */
  readonly code: number | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly peakMiB: number;
  readonly elapsedMs: number;
};

export type ImportTarget = { readonly url: string; readonly key: string };

const POLL_MS = 30;

/** `sluice import` as a user runs it, looked at while it runs. */
export async function runImport(
  args: readonly string[],
  cwd: string,
  { url, key }: ImportTarget,
  timeoutMs: number,
): Promise<ImportRun> {
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      MAIN,
      "import",
      "--json",
      "--max-retry-seconds",
      "5",
      ...args,
    ],
    {
      cwd,
      env: { PATH: process.env.PATH ?? "", SLUICE_URL: url, SLUICE_KEY: key },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  let peakMiB = 0;
  const looking = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakMiBOf(child.pid ?? 0));
  }, POLL_MS);
  let isEnded = false;
  const ending = setTimeout(() => {
    isEnded = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearInterval(looking);
  clearTimeout(ending);
  const elapsedMs = performance.now() - startedMs;
  return { code: isEnded ? undefined : code, stdout, stderr, peakMiB, elapsedMs };
}

/** The most that it has ever had; 0 once it has ended. */
function peakMiBOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
