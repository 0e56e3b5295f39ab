import { findDescendant, residentMiBOf } from "../bench/process-usage.ts";
import type { StackDescription } from "../support/stack.ts";

/** Resident memory in MiB of the parts that read what strangers send. */
export type Memory = Readonly<Record<"workerd" | "worker" | "nats" | "redis", number>>;

export function readMemory({ parts }: Pick<StackDescription, "parts">): Memory {
  const pidOf = (name: string) => parts[name]?.pid ?? 0;
  return {
    workerd: residentMiBOf(findDescendant(pidOf("edge"), "workerd")),
    worker: residentMiBOf(pidOf("worker")),
    nats: residentMiBOf(pidOf("nats")),
    redis: residentMiBOf(pidOf("redis")),
  };
}

export function formatMemory(memory: Memory): string {
  return Object.entries(memory)
    .map(([part, mebibytes]) => `${part} ${mebibytes}`)
    .join(", ");
}
