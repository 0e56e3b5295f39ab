import { setTimeout as delay } from "node:timers/promises";
import { signalGroup } from "../../local/process-group.ts";
import { poll } from "../support/poll.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import type { Fault } from "./schedule.ts";
import type { ProxyMode } from "./tcp-proxy.ts";

/** Longer than any back-off of the supervisor. */
const RUNNING_TIMEOUT_MS = 30_000;

/**
 * Does what the fault says; resolves when it is over. A part that is just being started again is waited for, so that each fault hits.
 * @throws when the part does not run for long
 */
export async function injectFault(fault: Fault, stack: ChaosStack): Promise<void> {
  const { kind, target, durationMs } = fault;
  switch (kind) {
    case "kill":
      // All of the part: workerd is a child of the edge.
      return signalGroup(await runningPid(stack, target), "SIGKILL");
    case "terminate":
      return terminate(await runningPid(stack, target));
    case "freeze": {
      const pid = await runningPid(stack, target);
      signalGroup(pid, "SIGSTOP");
      await delay(durationMs);
      return signalGroup(pid, "SIGCONT");
    }
    default: {
      const proxy = stack.links.get(target);
      if (proxy === undefined) throw new Error(`Cannot ${kind} ${target}: no such link`);
      proxy.setMode(modeOf(fault));
      await delay(durationMs);
      proxy.setMode({ kind: "pass" });
    }
  }
}

function runningPid(stack: ChaosStack, part: string): Promise<number> {
  return poll(`a running ${part}`, () => stack.pidOf(part), RUNNING_TIMEOUT_MS);
}

/** As an orchestrator does it: to the process alone. */
function terminate(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function modeOf({ kind, delayMs }: Fault): ProxyMode {
  if (kind === "delay") return { kind, delayMs };
  if (kind === "cut" || kind === "swallow") return { kind };
  throw new Error(`Cannot do ${kind} to a link`);
}
