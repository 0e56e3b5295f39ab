import { Command, InvalidArgumentError } from "commander";
import type { ArchiveReport, ArchiveRequest } from "../contract/archive-report.ts";
import { durationMs } from "../contract/duration.ts";
import { WORKER_ENVIRONMENT } from "./environment-help.ts";
import { formatBytes } from "./format-bytes.ts";
import { requestJson } from "./http.ts";
import { count, formatNumber, formatTable } from "./table.ts";
import { resourceUrl } from "./target.ts";
import { resolveWorkerTarget } from "./worker-target.ts";

type ArchiveOptions = {
  readonly workerUrl?: string;
  readonly workerToken?: string;
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

export function createArchiveCommand(): Command {
  return new Command("archive")
    .summary("move old days from the database to Parquet files")
    .description(
      "Move whole days that are older than the hot window from the database to Parquet files, where the same questions " +
        "find them. The worker does this by itself from time to time; this asks for it now.",
    )
    .option(
      "--older-than <age>",
      "what is older: 30d, 6w (default: HOT_DAYS of the worker)",
      parseAge,
    )
    .option("--dry-run", "only say what would be moved")
    .option("--json", "print the report as one line of JSON")
    .optionsGroup("Worker:")
    .option("--worker-url <url>", "the worker (default: WORKER_URL, else the local stack's)")
    .option("--worker-token <token>", "its token (default: WORKER_TOKEN, else the local stack's)")
    .addHelpText("after", MORE_HELP)
    .action(runArchive);
}

const MORE_HELP = `
Examples:
  sluice archive --dry-run                  what is old enough
  sluice archive                            move it
  sluice archive --older-than 90d --json    keep more in the database

Days are those of UTC, and are moved whole. What has been moved stays moved: a longer --older-than
brings nothing back. An archive that was interrupted is continued by the next one; no event is lost
or counted twice.

${WORKER_ENVIRONMENT.trimStart()}

Exit status:
  0 done, or there was nothing to move    1 failed, or another worker is at it
  2 wrong usage, nothing begun    130 left by Ctrl-C: the worker goes on`;

async function runArchive(options: ArchiveOptions): Promise<void> {
  const target = resolveWorkerTarget(options, process.env);
  const body: ArchiveRequest = {
    dry_run: options.dryRun === true,
    ...(options.olderThan === undefined ? {} : { older_than_ms: options.olderThan }),
  };
  const url = resourceUrl(target.url, "archive");
  const wish = { method: "POST", url, token: target.token, body } as const;
  const report = await requestJson<ArchiveReport>(wish, "archive with the worker at");
  if (!report.ran) process.exitCode = 1;
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : format(report));
}

function format(report: ArchiveReport): string {
  if (!report.ran) return "Another worker is archiving: nothing was done here\n";
  const { archived, events, bytes, target } = report;
  const until = target.slice(0, 10);
  if (archived.length === 0) return `Nothing to archive before ${until}\n`;
  const rows = archived.map(({ project_id, month, events, bytes, files }) => [
    project_id,
    month,
    formatNumber(events),
    files === null ? "" : formatNumber(files),
    bytes === null ? "" : formatBytes(bytes),
  ]);
  const header = ["PROJECT", "MONTH", "EVENTS", "FILES", "SIZE"];
  const columns = report.dry_run ? 3 : 5;
  const table = formatTable(
    header.slice(0, columns),
    rows.map((row) => row.slice(0, columns)),
    process.stdout.columns,
  );
  return table + conclude(report, `${count(events, "event")} from before ${until}`, bytes);
}

function conclude({ dry_run, is_cleared }: ArchiveReport, what: string, bytes: number | null) {
  if (dry_run) return `Would archive ${what}\n`;
  const size = bytes === null ? "" : ` into ${formatBytes(bytes)}`;
  const rest = is_cleared
    ? ""
    : "The database still holds some of them, which count once: the next run removes them\n";
  return `Archived ${what}${size}\n${rest}`;
}

function parseAge(text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError(`"${text}" is not an age such as 30d, 6w or 36h.`);
}
