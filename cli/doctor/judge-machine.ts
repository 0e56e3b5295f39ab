import { formatBytes } from "../format-bytes.ts";
import type { Access } from "../parts/access.ts";
import { valueIn } from "../parts/answer.ts";
import type { MachineFacts, ProcessFacts } from "../parts/look-at-machine.ts";
import type { StreamsFacts } from "../parts/look-at-nats.ts";
import { type Finding, findingsOf, type PartName } from "./finding.ts";
import { mend } from "./mend.ts";

const { ok, warn, fail } = findingsOf("machine");

const GB = 1_000_000_000;
const FREE = { warningRatio: 0.1, warningBytes: 2 * GB, failureBytes: GB / 5 };

/** What the local stack's processes are parts of. */
const PART_OF: Readonly<Record<string, PartName>> = {
  redis: "redis",
  "upstash-http": "redis-http",
  nats: "nats",
  database: "database",
  "neon-http": "database-http",
  worker: "worker",
  edge: "edge",
};

export function judgeMachine(
  { nodeVersion, disk, processes }: MachineFacts,
  deployment: Access["deployment"],
  streams: StreamsFacts | undefined,
): Finding[] {
  return [
    ok("Node", nodeVersion),
    ...(disk === undefined ? [] : judgeDisk(disk, deployment, streams)),
    ...judgeProcesses(processes, deployment),
  ];
}

function judgeDisk(
  disk: NonNullable<MachineFacts["disk"]>,
  deployment: Access["deployment"],
  streams: StreamsFacts | undefined,
): Finding[] {
  const where = deployment.kind === "local" ? deployment.dataDir : "";
  if ("failure" in disk) {
    return [fail("disk", `${where}: ${disk.failure}`, "is the data directory there?")];
  }
  const { freeBytes, totalBytes } = disk.value;
  const detail = `${formatBytes(freeBytes)} free of ${formatBytes(totalBytes)}`;
  const fix = `free some: everything of the stack is in ${where}`;
  if (freeBytes < FREE.failureBytes) return [fail("disk", detail, fix)];
  if (freeBytes < Math.min(FREE.warningBytes, totalBytes * FREE.warningRatio)) {
    return [warn("disk", detail, fix)];
  }
  const wanted = roomWanted(streams);
  if (wanted > freeBytes) {
    const fix = "free some, or set STREAM_MAX_BYTES lower: a full disk stops NATS altogether";
    return [warn("disk", `${detail}; the streams may take ${formatBytes(wanted)} more`, fix)];
  }
  return [ok("disk", detail)];
}

/** What the streams may still grow by. */
function roomWanted(streams: StreamsFacts | undefined): number {
  const infos = [valueIn(streams?.events), valueIn(streams?.dead)];
  return infos.reduce(
    (sum, info) =>
      info === undefined ? sum : sum + Math.max(0, info.config.max_bytes - info.state.bytes),
    0,
  );
}

/** Names the process behind a part that does not answer. */
function judgeProcesses(
  processes: readonly ProcessFacts[],
  deployment: Access["deployment"],
): Finding[] {
  const findings = processes
    .filter(({ state }) => state !== "running")
    .map(({ name, pid, state }) => {
      const part = PART_OF[name] ?? "machine";
      const fix =
        state === "stopped" ? `kill -CONT ${pid}` : mend(deployment, name, "start it again");
      return findingsOf(part).fail("process", `${name} (${pid}) is ${state}`, fix);
    });
  if (findings.length > 0 || processes.length === 0) return findings;
  return [ok("processes", processes.map(({ name }) => name).join(", "))];
}
