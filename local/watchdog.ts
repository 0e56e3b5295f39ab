/**
 * A process that outlives its owner by a moment: when the owner's pipe closes, for whatever reason,
 * kill -9 included, it ends the process groups that the owner had named and then itself.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { signalGroup, waitForGroupEnd } from "./process-group.ts";

export interface Watchdog {
  readonly pid: () => number | undefined;
  watch(leaderPid: number): void;
  forget(leaderPid: number): void;
  /** Ends the watchdog; groups that are still watched are ended with it. */
  close(): void;
}

const GRACE_MS = 5_000;

/** Starts the process; it is started anew, knowing the same groups, if it dies. */
export function createWatchdog(): Watchdog {
  const groups = new Set<number>();
  let isClosed = false;
  let child = start();

  function start() {
    const args = ["--disable-warning=ExperimentalWarning", fileURLToPath(import.meta.url)];
    // In a session of its own, so that Ctrl-C in the terminal does not reach it.
    const started = spawn(process.execPath, args, {
      stdio: ["pipe", "ignore", "inherit"],
      detached: true,
    });
    started.unref();
    started.stdin.on("error", () => {});
    started.once("exit", () => {
      if (!isClosed) child = start();
    });
    for (const pid of groups) started.stdin.write(`+${pid}\n`);
    return started;
  }

  return {
    pid: () => child.pid,
    watch(leaderPid) {
      groups.add(leaderPid);
      child.stdin.write(`+${leaderPid}\n`);
    },
    forget(leaderPid) {
      groups.delete(leaderPid);
      child.stdin.write(`-${leaderPid}\n`);
    },
    close() {
      isClosed = true;
      child.stdin.end();
    },
  };
}

async function runWatchdog(): Promise<void> {
  const groups = new Set<number>();
  for await (const line of createInterface({ input: process.stdin })) {
    const pid = Number(line.slice(1));
    if (line.startsWith("+")) groups.add(pid);
    else groups.delete(pid);
  }
  for (const pid of groups) signalGroup(pid, "SIGTERM");
  await Promise.all([...groups].map((pid) => waitForGroupEnd(pid, GRACE_MS)));
  for (const pid of groups) signalGroup(pid, "SIGKILL");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runWatchdog();
