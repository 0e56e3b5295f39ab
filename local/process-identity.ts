import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process written down, to be found again later. */
export interface KnownProcess {
  readonly pid: number;
  readonly identity: string | undefined;
}

export function identifyProcess(pid: number): KnownProcess {
  return { pid, identity: processIdentity(pid) };
}

export function isRunning({ pid, identity }: KnownProcess): boolean {
  return identity !== undefined && processIdentity(pid) === identity;
}

/**
 * What tells a process from a later one with the same pid, undefined when no such process runs.
 * A pid alone may belong to another program after a crash or a reboot.
 */
export function processIdentity(pid: number): string | undefined {
  try {
    if (process.platform === "linux") return linuxIdentity(pid);
    const args = ["-o", "lstart=", "-p", String(pid)];
    return execFileSync("ps", args, { stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

/** proc_pid_stat(5): the state is the first field after the command name, the start time the 20th. */
function linuxIdentity(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const isZombie = fields[0] === "Z";
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return isZombie ? undefined : `${bootId} ${fields[19]}`;
}
