import { Command, Option } from "commander";
import type { ExportFormat } from "../contract/store-api.ts";
import { CliError, UsageError } from "./cli-error.ts";
import { edgeEnvironment } from "./environment-help.ts";
import { type Exported, exportEvents } from "./export/export-events.ts";
import { FORMATS, type OutputPlan, planOutput, STDOUT } from "./export/format.ts";
import { checkOutput } from "./export/output.ts";
import { createExportReporter, formatCounts } from "./export/reporter.ts";
import { watchInterruption } from "./interruption.ts";
import { parseMoment } from "./moment.ts";
import { resolveTarget } from "./target.ts";

type ExportOptions = {
  readonly url?: string;
  readonly key?: string;
  readonly from?: number;
  readonly to?: number;
  readonly format?: ExportFormat;
  readonly output: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
};

export function createExportCommand(): Command {
  return new Command("export")
    .summary("write events to a file in NDJSON, CSV or Parquet")
    .description(
      "Write the events of a project to a file, or to standard output, wherever they are stored.\n" +
        "NDJSON, CSV and Parquet can be imported again: so events move from one store to another.",
    )
    .optionsGroup("Server:")
    .option("--url <url>", "the edge (default: SLUICE_URL, else the local stack)")
    .option("--key <key>", "a read key (default: SLUICE_KEY, else the local stack's)")
    .optionsGroup("Which events:")
    .option(
      "--from <when>",
      "that occurred since then: 90s, 15m, 2h, 3d, 2w ago, a date, or RFC 3339 (default: all)",
      (text) => parseMoment(text),
    )
    .option("--to <when>", "that occurred before then (default: all)", (text) => parseMoment(text))
    .optionsGroup("Output:")
    .addOption(
      new Option("--format <format>", "default: by the file's extension, else ndjson").choices(
        FORMATS,
      ),
    )
    .option("-o, --output <file>", 'where to; "-" is standard output', STDOUT)
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print the outcome as one line of JSON")
    .addHelpText("after", MORE_HELP)
    .action(runExport);
}

const MORE_HELP = `
Examples:
  sluice export -o events.ndjson.gz                      everything, compressed
  sluice export --from 2024-03-01 --to 2024-04-01 -o march.parquet
  sluice export --from 7d --format csv | head
  sluice export | sluice import - --url https://other.example.com --key slu_w_…

In a pipe, set -o pipefail: else nobody sees that the export broke off.

Events have what they were sent with: event_id, event_type, user_id, occurred_at, properties.
  NDJSON (.ndjson, .jsonl, .json): one event in each line, as sluice import takes it.
  CSV (.csv): RFC 4180 with a header; properties as JSON. Cells stand as they are, also where a
  spreadsheet would take them for a formula.
  Parquet (.parquet): event_id UUID, occurred_at TIMESTAMP in UTC, properties as JSON in text.

A file has its name only once it is whole: it replaces one of that name then. When the transfer
breaks, nothing is written. Events that arrive meanwhile may or may not be in it. Other formats
than Parquet are compressed if the name ends in .gz.

${edgeEnvironment("a read key (slu_r_…)").trimStart()}

Exit status:
  0 all written    1 the export failed, nothing was written    2 wrong usage, nothing begun
  130 stopped by Ctrl-C, 143 by SIGTERM: nothing was written`;

/** No event can be outside: stores begin in 1900, and clients' clocks are ahead by minutes. */
const EARLIEST_MS = Date.UTC(1900, 0);
const LEEWAY_MS = 86_400_000;

async function runExport(options: ExportOptions): Promise<void> {
  const { output } = options;
  const plan = planOutput(output, options.format, process.stdout.isTTY);
  if (options.json && output === STDOUT) {
    throw new UsageError(
      "--json and the events would both go to standard output: name a file with -o",
    );
  }
  const range = rangeOf(options);
  checkOutput(output);
  const target = resolveTarget(options, process.env, "r");
  const interruption = watchInterruption();
  const startedMs = performance.now();
  let tally = { bytes: () => 0, events: (): number | undefined => 0 };
  const name = output === STDOUT ? "export" : output;
  const reporter = options.quiet
    ? undefined
    : createExportReporter(name, () => tally, process.stderr);
  try {
    const exported = await exportEvents({
      target,
      range,
      plan,
      signal: interruption.signal,
      onProgress(now) {
        tally = now;
        reporter?.update();
      },
    });
    reporter?.end();
    printOutcome(exported, plan, (performance.now() - startedMs) / 1_000, options);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    const outcome =
      output === STDOUT ? "what was written is not the whole" : `${output} was not written`;
    throw new CliError(`Stopped: ${outcome}`, { exitCode: interruption.exitCode() });
  } finally {
    reporter?.end();
    interruption.end();
  }
}

function rangeOf({ from = EARLIEST_MS, to = Date.now() + LEEWAY_MS }: ExportOptions) {
  if (to <= from) throw new UsageError("--to must be later than --from");
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

function printOutcome(
  { bytes, events }: Exported,
  { output, format }: OutputPlan,
  seconds: number,
  options: ExportOptions,
): void {
  if (options.json) {
    const outcome = { file: output, format, events: events ?? null, bytes };
    const line = JSON.stringify({ ...outcome, seconds: Number(seconds.toFixed(3)) });
    process.stdout.write(`${line}\n`);
    return;
  }
  if (options.quiet) return;
  const counts = formatCounts({ bytes: () => bytes, events: () => events }, seconds);
  const stream = output === STDOUT ? process.stderr : process.stdout;
  const name = output === STDOUT ? "export" : output;
  stream.write(`${name}: ${counts} in ${seconds.toFixed(1)} s\n`);
}
