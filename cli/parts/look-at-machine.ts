import { readFile, statfs } from "node:fs/promises";
import type { Access } from "./access.ts";
import { type Answer, ask } from "./answer.ts";

/** A process of the local stack. `stopped`: it is there and does nothing, after SIGSTOP. */
export type ProcessState = "running" | "stopped" | "gone";

export type MachineFacts = {
  readonly nodeVersion: string;
  /** Of the local stack's data directory. */
  readonly disk: Answer<{ readonly freeBytes: number; readonly totalBytes: number }> | undefined;
  /** Of the local stack. */
  readonly processes: readonly ProcessFacts[];
};

export type ProcessFacts = {
  readonly name: string;
  readonly pid: number;
  readonly state: ProcessState;
};

const TIMEOUT_MS = 2_000;

export async function lookAtMachine(deployment: Access["deployment"]): Promise<MachineFacts> {
  const nodeVersion = process.versions.node;
  if (deployment.kind === "named") return { nodeVersion, disk: undefined, processes: [] };
  const { dataDir, pids } = deployment;
  const [disk, ...processes] = await Promise.all([
    ask(TIMEOUT_MS, async () => {
      const { bavail, blocks, bsize } = await statfs(dataDir);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    }),
    ...Object.entries(pids).map(async ([name, pid]) => ({ name, pid, state: await stateOf(pid) })),
  ]);
  return { nodeVersion, disk, processes };
}

async function stateOf(pid: number): Promise<ProcessState> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user's is there, too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return "gone";
  }
  try {
    // The state follows the program's name, which may hold anything but ends with the last bracket.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const [, letter] = /.*\) (\w)/s.exec(stat) ?? [];
    if (letter === "T") return "stopped";
    return letter === "Z" ? "gone" : "running";
  } catch {
    return "running";
  }
}
