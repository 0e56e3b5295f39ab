import { readdirSync, readFileSync } from "node:fs";

/** Linux counts CPU time in ticks of 1/100 s for every user of /proc. */
const TICK_MS = 10;

/** CPU time that a process has used so far, user and system, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const fields = statFieldsOf(pid);
  // proc_pid_stat(5): utime and stime are fields 14 and 15; the list starts at field 3.
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory, in MiB. */
export function residentMiBOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** A process below `ancestor` whose command is `name`: Miniflare starts workerd as its child. */
export function findDescendant(ancestor: number, name: string): number {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const [, command = ""] = /\((.*)\)/s.exec(stat) ?? [];
      parents.set(Number(entry), { parent: Number(statFieldsOf(Number(entry))[1]), name: command });
    } catch {
      // It ended while we read.
    }
  }
  for (const [pid, process] of parents) {
    if (process.name !== name) continue;
    for (let up: number | undefined = pid; up !== undefined; up = parents.get(up)?.parent) {
      if (up === ancestor) return pid;
    }
  }
  throw new Error(`Cannot find process: no ${name} below ${ancestor}`);
}

function statFieldsOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command stands in parentheses and may hold spaces itself.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
