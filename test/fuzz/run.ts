/** `npm run fuzz`: hostile input at every door. Exit status 1 when something was wrong, 2 on wrong options. */
import { writeFile } from "node:fs/promises";
import { cliDoor } from "./cli/cli-door.ts";
import { coldDoor } from "./cold/cold-door.ts";
import type { Door, DoorReport } from "./door.ts";
import { edgeDoor, nodeEdgeDoor } from "./edge/edge-door.ts";
import { type DoorName, type FuzzOptions, HELP, parseOptions, UsageError } from "./options.ts";
import { formatReport } from "./report.ts";
import { streamDoor } from "./stream/stream-door.ts";
import { workerDoor } from "./worker/worker-door.ts";

/** Of the requests at the edge: what the other doors get takes longer each. */
const DOORS: Readonly<Record<DoorName, { readonly door: Door; readonly share: number }>> = {
  edge: { door: edgeDoor, share: 1 },
  "edge-node": { door: nodeEdgeDoor, share: 0.2 },
  worker: { door: workerDoor, share: 0.1 },
  stream: { door: streamDoor, share: 0.1 },
  cli: { door: cliDoor, share: 0.0005 },
  cold: { door: coldDoor, share: 0.001 },
};

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopping.abort());

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${HELP}`);
  return 2;
});

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31));
  if (options === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const reports: DoorReport[] = [];
  for (const name of options.doors) {
    if (stopping.signal.aborted) break;
    const report = await runDoor(name, options);
    reports.push(report);
    process.stdout.write(formatReport(report));
    // After each door, so that one that fails takes nothing away.
    if (options.jsonPath !== undefined) {
      await writeFile(options.jsonPath, JSON.stringify(reports.map(toJson)));
    }
  }
  return reports.some(({ tally }) => tally.faultCount > 0) ? 1 : 0;
}

function runDoor(
  name: DoorName,
  { requests, seed, concurrency }: FuzzOptions,
): Promise<DoorReport> {
  const { door, share } = DOORS[name];
  return door({
    seeds: [seed],
    requests: Math.max(1, Math.round(requests * share)),
    concurrency,
    withSlowClients: true,
    stop: stopping.signal,
    say: (line) => process.stderr.write(`${name}: ${line}\n`),
  });
}

function toJson({ tally, ...report }: DoorReport) {
  const counts = [...tally.counts].map(([kind, own]) => [kind, Object.fromEntries(own)] as const);
  const { total, faultCount, faults } = tally;
  return { ...report, total, faultCount, faults, counts: Object.fromEntries(counts) };
}
