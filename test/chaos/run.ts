/** `npm run chaos`: the promises of docs/reliability.md, put to the test. Exit status 1 when one is broken. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { formatReport } from "./report.ts";
import { type ChaosReport, runChaos } from "./run-chaos.ts";
import { isClean } from "./verdict.ts";

const HELP = `npm run chaos [-- options]

Runs the whole of Sluice, posts events through its API, and kills, stops, freezes, delays and disconnects its parts meanwhile. At the
end it compares what was acknowledged with what is stored.

  --seed N             first seed of the schedule (default 1)
  --runs N             runs, each with the next seed (default 1)
  --faults N           faults of each of the six kinds (default 50)
  --events N           events to acknowledge at least (default 100000)
  --rate N             events a second (default 300)
  --clients N          clients that post at once (default 12)
  --overlap P          share of faults that begin while the one before lasts (default 0.25)
  --only KIND:TARGET   only this fault; may be repeated: kill:nats, freeze:database, swallow:edge-nats …
  --json FILE          writes the reports there, too
  --quiet              prints the reports alone
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const values = parse();
  if (values === undefined) return 2;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const reports: ChaosReport[] = [];
  for (let run = 0; run < Number(values.runs); run += 1) {
    const report = await runChaos({
      seed: Number(values.seed) + run,
      faultsPerKind: Number(values.faults),
      events: Number(values.events),
      eventsPerSecond: Number(values.rate),
      clients: Number(values.clients),
      only: values.only,
      overlap: Number(values.overlap),
      say: (line) => void (values.quiet || process.stderr.write(`${line}\n`)),
    });
    reports.push(report);
    process.stdout.write(formatReport(report));
  }
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(reports));
  return reports.every(isClean) ? 0 : 1;
}

function parse() {
  try {
    return parseArgs({
      options: {
        seed: { type: "string", default: "1" },
        runs: { type: "string", default: "1" },
        faults: { type: "string", default: "50" },
        events: { type: "string", default: "100000" },
        rate: { type: "string", default: "300" },
        clients: { type: "string", default: "12" },
        overlap: { type: "string", default: "0.25" },
        only: { type: "string", multiple: true, default: [] },
        json: { type: "string" },
        quiet: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${HELP}`);
    return undefined;
  }
}
