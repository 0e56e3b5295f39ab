import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Every part leads a process group of its own, so that what it starts (workerd, say) ends with it
 * even after kill -9. The group lives as long as one member does.
 */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leaderPid, signal);
  } catch (error) {
    // macOS reports EPERM for a group of zombies.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Resolves to true once the group is gone, to false at the deadline. */
export async function waitForGroupEnd(leaderPid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isGroupAlive(leaderPid)) {
    if (Date.now() > deadline) return false;
    await delay(30);
  }
  return true;
}

function isGroupAlive(leaderPid: number): boolean {
  try {
    process.kill(-leaderPid, 0);
  } catch {
    return false;
  }
  return process.platform !== "linux" || hasRunningMember(leaderPid);
}

/** In a container whose first process reaps no orphans, a group of zombies stays for ever. */
function hasRunningMember(groupId: number): boolean {
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      // proc_pid_stat(5): after the command name come state, parent and process group.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return state !== "Z" && Number(group) === groupId;
    } catch {
      return false;
    }
  });
}
