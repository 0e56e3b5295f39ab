import { setTimeout as delay } from "node:timers/promises";
import { signalGroup } from "../../local/process-group.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import type { Fault } from "./schedule.ts";
import type { ProxyMode } from "./tcp-proxy.ts";

/** Does what the fault says; resolves when it is over. A part that is not running, being started again, is left to that. */
export async function injectFault(fault: Fault, stack: ChaosStack): Promise<void> {
  const { kind, target, durationMs } = fault;
  switch (kind) {
    case "kill":
      return signal(stack.pidOf(target), "SIGKILL");
    case "terminate": {
      // As an orchestrator does it: to the process alone.
      const pid = stack.pidOf(target);
      if (pid !== undefined) signalProcess(pid, "SIGTERM");
      return;
    }
    case "freeze": {
      const pid = stack.pidOf(target);
      signal(pid, "SIGSTOP");
      await delay(durationMs);
      return signal(pid, "SIGCONT");
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

function modeOf({ kind, delayMs }: Fault): ProxyMode {
  if (kind === "delay") return { kind, delayMs };
  if (kind === "cut" || kind === "swallow") return { kind };
  throw new Error(`Cannot do ${kind} to a link`);
}

/** To all of the part: workerd is a child of the edge. */
function signal(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid !== undefined) signalGroup(pid, name);
}

function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
