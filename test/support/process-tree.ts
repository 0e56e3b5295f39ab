import { readdirSync, readFileSync } from "node:fs";
import { processIdentity } from "../../local/process-identity.ts";

/** A process and all that it started, each told apart from a later one with the same pid. */
export type ProcessTree = ReadonlyMap<number, string>;

export function readProcessTree(rootPid: number): ProcessTree {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const parent = Number.isNaN(pid) ? undefined : parentOf(pid);
    if (parent !== undefined) parents.set(pid, parent);
  }
  const tree = new Map<number, string>();
  for (const pid of parents.keys()) {
    const identity = isBelow(pid, rootPid, parents) ? processIdentity(pid) : undefined;
    if (identity !== undefined) tree.set(pid, identity);
  }
  return tree;
}

/** The pids of those that still run. */
export function findRunning(tree: ProcessTree): number[] {
  return [...tree].flatMap(([pid, identity]) => (processIdentity(pid) === identity ? [pid] : []));
}

function isBelow(pid: number, rootPid: number, parents: ReadonlyMap<number, number>): boolean {
  for (let up: number | undefined = pid; up !== undefined; up = parents.get(up)) {
    if (up === rootPid) return true;
  }
  return false;
}

/** proc_pid_stat(5): the parent is the second field after the command's name; undefined when it ended meanwhile. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
