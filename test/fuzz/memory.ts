import { findDescendant, residentMiBOf } from "../bench/process-usage.ts";
import type { StackDescription } from "../support/stack.ts";

/** Resident memory in MiB of the parts that read what strangers send. */
export type Memory = Readonly<Record<"edge" | "worker" | "nats" | "redis", number>>;

export function readMemory({ parts }: Pick<StackDescription, "parts">): Memory {
  const pidOf = (name: string) => parts[name]?.pid ?? 0;
  return {
    edge: residentMiBOf(edgeProcess(pidOf("edge"))),
    worker: residentMiBOf(pidOf("worker")),
    nats: residentMiBOf(pidOf("nats")),
    redis: residentMiBOf(pidOf("redis")),
  };
}

/** Miniflare starts workerd; on Node the part is the edge itself. */
function edgeProcess(pid: number): number {
  try {
    return findDescendant(pid, "workerd");
  } catch {
    return pid;
  }
}

export function formatMemory(memory: Memory): string {
  return Object.entries(memory)
    .map(([part, mebibytes]) => `${part} ${mebibytes}`)
    .join(", ");
}
