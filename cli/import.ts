import { existsSync, statSync } from "node:fs";
import { constants } from "node:os";
import { basename, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { Command, Option } from "commander";
import { CliError, UsageError } from "./cli-error.ts";
import { edgeEnvironment } from "./environment-help.ts";
import { CsvReader } from "./import/csv-reader.ts";
import { importFile } from "./import/import-file.ts";
import type { LineReader } from "./import/line.ts";
import { NdjsonReader } from "./import/ndjson-reader.ts";
import {
  type ImportOptions,
  parseBatchSize,
  parseConcurrency,
  parseDelimiter,
  parseMap,
  parseProperties,
  parseSeconds,
  parseTypes,
} from "./import/options.ts";
import { type ImportSettings, ProgressFile, progressPath } from "./import/progress-file.ts";
import { createReporter, SILENT } from "./import/reporter.ts";
import { Sender } from "./import/sender.ts";
import { checkFile, FORMATS, openSource, type Source, STDIN } from "./import/source.ts";
import { formatSummary, formatSummaryJson, type Summary, totalOf } from "./import/summary.ts";
import { resolveTarget, type Target } from "./target.ts";

export function createImportCommand(): Command {
  return new Command("import")
    .summary("import events from NDJSON, CSV or Parquet files")
    .description(
      "Import events from NDJSON or CSV files, plain or gzip, or Parquet files, through the HTTP API.\n" +
        "An import that was interrupted continues where it stopped when the same command is run again.",
    )
    .argument("<file...>", 'files to import; "-" is standard input')
    .optionsGroup("Server:")
    .option("--url <url>", "the edge (default: SLUICE_URL, else the local stack)")
    .option("--key <key>", "a write key (default: SLUICE_KEY, else the local stack's)")
    .optionsGroup("CSV:")
    .addOption(
      new Option(
        "--format <format>",
        "format of all files (default: by extension, else by first character)",
      ).choices(FORMATS),
    )
    .option(
      "--map <field=column,…>",
      "columns of event_id, occurred_at, event_type, user_id, properties",
      parseMap,
    )
    .option(
      "--properties <columns>",
      'columns that become properties, "*" for all others (default: "*")',
      parseProperties,
    )
    .option(
      "--types <column=type,…>",
      "columns that are number, boolean or json instead of string",
      parseTypes,
    )
    .option(
      "--infer-types",
      "read every other column as number, boolean or json where it looks like it",
    )
    .option(
      "--delimiter <character>",
      'between columns, or "tab" (default: ",", of .tsv files tab)',
      parseDelimiter,
    )
    .optionsGroup("Sending:")
    .option("--batch-size <events>", "events in one request, at most 5000", parseBatchSize, 1000)
    .option("--concurrency <requests>", "requests at a time", parseConcurrency, 4)
    .option("--timeout-seconds <seconds>", "wait for one answer", parseSeconds, 60)
    .option(
      "--max-retry-seconds <seconds>",
      "give up after this long without progress",
      parseSeconds,
      300,
    )
    .addOption(
      new Option("--compress <when>", "gzip requests; auto: unless the edge is on this machine")
        .choices(["auto", "always", "never"])
        .default("auto"),
    )
    .optionsGroup("Outcome:")
    .option(
      "--rejects <file>",
      "where rejected events go (default: <file>.rejects.ndjson in the current directory)",
    )
    .option("--restart", "start over instead of continuing an interrupted import")
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print the summary as one line of JSON")
    .addHelpText("after", MORE_HELP)
    .action(runImport);
}

const MORE_HELP = `
Examples:
  sluice import events.ndjson.gz
  sluice import --url https://events.example.com --key slu_w_… 2024-*.ndjson.gz
  zcat archive-*.gz | jq -c .payload | sluice import -
  sluice import signups.csv --map event_id=id,occurred_at=ts,event_type=name,user_id=user
  sluice import orders.csv --properties country,amount,paid --types amount=number,paid=boolean

NDJSON (.ndjson, .jsonl, .json): one event in each line, sent as it stands:
  {"event_id":"<uuid>","occurred_at":"2024-05-01T12:00:00Z","event_type":"signup",
   "user_id":"u1","properties":{}}

CSV (.csv, .tsv) in UTF-8 with a header row:
  A field takes the column that --map names, else the column of its own name. event_type and
  user_id must have one. occurred_at is RFC 3339 with offset. A column for properties holds a
  JSON object. Other columns become properties: strings as they stand, unless --types says
  otherwise; an empty cell gives no property. --infer-types turns 1, 1.5, true, {…} and […] into
  JSON, but not 007, +1 or a number too long to be exact. A row that does not fit is rejected.

Parquet (.parquet), as sluice export writes it: columns event_id, event_type, user_id, occurred_at
  (TIMESTAMP in UTC, or RFC 3339 in text) and properties (JSON in text, or a STRUCT or MAP).
  received_at and project_id are left out; any other column is refused.

Exactly once:
  An event with an event_id is stored once, however often it is imported. Events without one are
  known again by their place and batch: they are safe when an import is continued or repeated
  with the same unchanged file and the same --batch-size; they need an occurred_at.

Interruptions:
  Ctrl-C stops after the requests in flight; a second one stops at once. Progress is kept in
  .sluice-import-<hash>.json in DATA_DIR (.data) if that directory exists, else in the current
  one, until all files of the command are imported. Continue from the same directory, with the
  same options. Standard input continues too, if the same content is sent again from its start.
  429, 503, time-outs and cut connections are tried again, as the server asks.

Rejected events:
  They are written to <file>.rejects.ndjson (stdin.rejects.ndjson), each with its line, code,
  pointer and detail; a file of that name from before is kept as ….old. Correct the events in it
  and import them again:
    jq -c 'select(.event).event' events.ndjson.rejects.ndjson | sluice import -
  Lines that are not JSON stand under "raw" instead.

${edgeEnvironment("a write key (slu_w_…)").trimStart()}

Exit status:
  0 all accepted or duplicate    1 something was rejected, or the import failed
  2 wrong usage, nothing begun   130 stopped by Ctrl-C, 143 by SIGTERM`;

/** In flight when the user stops: longer than a healthy server takes, shorter than their patience. */
const GRACE_MS = 10_000;

async function runImport(files: readonly string[], options: ImportOptions): Promise<void> {
  const target = resolveTarget(options, process.env, "w");
  const rejectsPaths = planRejects(files, options.rejects);
  for (const file of files) checkFile(file);
  const reporter = options.quiet ? SILENT : createReporter(process.stderr);
  const stop = new AbortController();
  const kill = new AbortController();
  stop.signal.addEventListener("abort", () => {
    setTimeout(() => kill.abort(), GRACE_MS).unref();
  });
  const signals = watchSignals(stop, (text) => reporter.notice(text));
  const sender = new Sender({
    target,
    compression: options.compress,
    timeoutMs: options.timeoutSeconds * 1000,
    maxRetryMs: options.maxRetrySeconds * 1000,
    userAgent: "sluice-import",
    onRetry: (message) => reporter.notice(message),
    stopping: stop.signal,
    killing: kill.signal,
  });

  const summaries: Summary[] = [];
  const progressFiles: ProgressFile[] = [];
  try {
    for (const [file, rejectsPath] of rejectsPaths) {
      const source = await openSource(file, options.format, stop.signal);
      if (source.isEmpty) reporter.notice(`${source.name} is empty`);
      const progressFile = new ProgressFile(
        pathOfProgress(source, target),
        file,
        settingsOf(source, rejectsPath, options),
      );
      progressFiles.push(progressFile);
      const summary = await importFile({
        source,
        reader: createReader(source, options),
        sender,
        progressFile,
        rejectsPath,
        batchSize: options.batchSize,
        concurrency: options.concurrency,
        isRestarting: options.restart === true,
        reporter,
        stop,
      });
      summaries.push(summary);
      if (!options.quiet && !options.json) process.stdout.write(`${formatSummary(summary)}\n`);
      if (stop.signal.aborted) break;
    }
  } catch (error) {
    if (signals.received() === undefined) throw error;
  } finally {
    signals.unwatch();
    if (options.json) process.stdout.write(`${formatSummaryJson(summaries)}\n`);
  }

  const signal = signals.received();
  if (signal !== undefined) {
    throw new CliError("Stopped: run the same command again to continue", {
      exitCode: exitCodeOf(signal),
    });
  }
  for (const progressFile of progressFiles) progressFile.remove();
  conclude(summaries, options);
}

function conclude(summaries: readonly Summary[], options: ImportOptions): void {
  const total = totalOf(summaries);
  if (!options.quiet && !options.json && summaries.length > 1) {
    process.stdout.write(`${formatSummary(total)}\n`);
  }
  if (total.rejected === 0) return;
  process.exitCode = 1;
  if (options.quiet) return;
  for (const { rejected, rejectsFile } of summaries) {
    if (rejectsFile !== undefined) {
      process.stderr.write(
        `${rejected} rejected events with their reasons are in ${rejectsFile}\n`,
      );
    }
  }
}

/** Which rejects file each input has; refuses two inputs with one. */
function planRejects(files: readonly string[], given: string | undefined): Map<string, string> {
  if (given !== undefined && files.length > 1) {
    throw new UsageError("--rejects names one file: import one file at a time with it");
  }
  const plan = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const file of files) {
    const path = given ?? `${file === STDIN ? "stdin" : basename(file)}.rejects.ndjson`;
    const other = taken.get(path);
    if (other === file) throw new UsageError(`${file} is named twice`);
    if (file !== STDIN && resolve(path) === resolve(file)) {
      throw new UsageError(
        `Cannot write the rejects of ${file} into the file itself: name another one`,
      );
    }
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${file} would both have their rejects in ${path}: import them one at a time`,
      );
    }
    taken.set(path, file);
    plan.set(file, path);
  }
  return plan;
}

function createReader(source: Source, options: ImportOptions): LineReader {
  if (source.format !== "csv") return new NdjsonReader();
  return new CsvReader({
    map: options.map ?? {},
    properties: options.properties === "*" ? undefined : options.properties,
    types: options.types ?? {},
    isInferring: options.inferTypes === true,
    delimiter: delimiterOf(source, options),
  });
}

function delimiterOf(source: Source, options: ImportOptions): string {
  return options.delimiter ?? (/\.tsv(\.gz)?$/i.test(source.name) ? "\t" : ",");
}

function pathOfProgress(source: Source, target: Target): string {
  const dataDirectory = process.env.DATA_DIR || ".data";
  const hasDataDirectory = existsSync(dataDirectory) && statSync(dataDirectory).isDirectory();
  // A key may be replaced between two runs; the project in it stays.
  const project = /^slu_[wra]_([a-z0-9-]{1,40})_/.exec(target.key)?.[1] ?? target.key;
  const parts = [source.name, source.identity, target.url.href, project];
  return progressPath(hasDataDirectory ? dataDirectory : ".", parts);
}

function settingsOf(source: Source, rejectsPath: string, options: ImportOptions): ImportSettings {
  const { map, properties, types, inferTypes } = options;
  const csv = {
    "--map": JSON.stringify(map ?? {}),
    "--properties": JSON.stringify(properties ?? "*"),
    "--types": JSON.stringify(types ?? {}),
    "--infer-types": inferTypes === true,
    "--delimiter": delimiterOf(source, options),
  };
  return {
    "--batch-size": options.batchSize,
    "--format": source.format,
    "--rejects": rejectsPath,
    ...(source.format === "csv" ? csv : {}),
  };
}

/** A terminal sends Ctrl-C to the launcher and to this process, and the launcher passes it on: two at once are one. */
const SAME_SIGNAL_MS = 300;

/** The first Ctrl-C, SIGTERM or SIGHUP stops the import, the second ends the process. */
function watchSignals(stop: AbortController, notice: (text: string) => void) {
  let received: NodeJS.Signals | undefined;
  let receivedMs = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (received !== undefined) {
      if (performance.now() - receivedMs > SAME_SIGNAL_MS) process.exit(exitCodeOf(signal));
      return;
    }
    received = signal;
    receivedMs = performance.now();
    notice("Stopping after the requests in flight; once more to stop at once");
    stop.abort();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  return {
    received: () => received,
    unwatch: () => {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
    },
  };
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** As a shell reports a process that a signal ended. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
