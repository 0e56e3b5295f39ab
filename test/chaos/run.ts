/** `npm run chaos`: the promises of docs/reliability.md, put to the test. Exit status 1 when one is broken, 2 on wrong options. */
import { writeFile } from "node:fs/promises";
import { HELP, parseOptions, UsageError } from "./options.ts";
import { formatReport } from "./report.ts";
import { type ChaosReport, InterruptedError, runChaos } from "./run-chaos.ts";
import { SequenceError } from "./schedule.ts";
import { isClean } from "./verdict.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopping.abort());

process.exitCode = await main().catch((error: unknown) => {
  // What the run still waits for has ended with the parts.
  if (error instanceof InterruptedError) process.exit(130);
  if (!(error instanceof UsageError || error instanceof SequenceError)) throw error;
  process.stderr.write(`${error.message}\n\n${HELP}`);
  return 2;
});

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const { runs, jsonPath, isQuiet, ...chaos } = options;
  const say = (line: string) => void (isQuiet || process.stderr.write(`${line}\n`));
  const reports: ChaosReport[] = [];
  for (let run = 0; run < runs; run += 1) {
    const report = await runChaos({ ...chaos, seed: chaos.seed + run, stop: stopping.signal, say });
    reports.push(report);
    process.stdout.write(formatReport(report));
    // After each run, so that a run that fails takes nothing away.
    if (jsonPath !== undefined) await writeFile(jsonPath, JSON.stringify(reports));
  }
  return reports.every(isClean) ? 0 : 1;
}
