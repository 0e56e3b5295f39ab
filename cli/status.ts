import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "./cli-error.ts";
import { endWith } from "./end-with.ts";
import { watchInterruption } from "./interruption.ts";
import { type Access, findAccess } from "./parts/access.ts";
import { createPaint } from "./parts/paint.ts";
import { drawPicture } from "./status/picture.ts";
import { enterScreen, type Screen } from "./status/screen.ts";
import { isBlind, type Snapshot } from "./status/snapshot.ts";
import { createSources } from "./status/sources.ts";
import { lookOnce, watch } from "./status/watch.ts";

type StatusOptions = {
  readonly watch?: boolean;
  readonly once?: boolean;
  readonly interval: number;
  readonly json?: boolean;
};

export function createStatusCommand(): Command {
  return new Command("status")
    .summary("show how the pipeline is: rates, lag, freshness, outbox, dead letters")
    .description(
      "Show how the pipeline is: events accepted and stored, queries, lag, freshness, outbox, dead letters and the state " +
        "of the parts. On a terminal the picture is drawn anew in place; elsewhere it is one snapshot.",
    )
    .addOption(
      new Option("--watch", "go on until Ctrl-C, also without a terminal").conflicts("once"),
    )
    .option("--once", "one snapshot, also on a terminal")
    .option("--interval <time>", "how often to look: 500ms, 2s, 1m", parseInterval, 2_000)
    .option("--json", "print snapshots as JSON, one a line; one alone unless --watch is given")
    .addHelpText("after", MORE_HELP)
    .action(runStatus);
}

const MORE_HELP = `
Examples:
  sluice status                                  the local stack, live
  sluice status --once                           one snapshot
  sluice status --json | jq .lag.messages        for a script
  sluice status --watch --interval 10s --json >> status.ndjson

Rates are means of the last 10 s. Accepted events and queries are those of the edge's region that
this machine reaches, stored ones those of the worker at WORKER_URL, if there are several. A part
that is away stays in the picture and is asked again.

Environment, without which the local stack in DATA_DIR is meant; what is not set is not shown:
  SLUICE_URL     the edge, with METRICS_TOKEN for rates of accepted events and queries
  WORKER_URL     the worker, with WORKER_TOKEN for rates of stored events and freshness
  NATS_URL       NATS, with NATS_USER and NATS_PASSWORD of the operator or NATS_CREDS, for lag and
                 dead letters
  NO_COLOR       no colours

Exit status:
  0 shown    1 no part answered    2 wrong usage, or nothing to look at
  130 stopped by Ctrl-C, 143 by SIGTERM`;

async function runStatus(options: StatusOptions): Promise<void> {
  const access = findAccess(process.env);
  if (!access.edge && !access.worker && !access.nats) {
    throw new UsageError("Nothing to show: set SLUICE_URL, WORKER_URL or NATS_URL");
  }
  const sources = createSources(access, Date.now);
  const isTerminal = process.stdout.isTTY === true;
  const isWatching =
    options.watch === true || (isTerminal && options.once !== true && options.json !== true);
  if (!isWatching) {
    const snapshot = await lookOnce(sources);
    process.stdout.write(
      options.json ? `${JSON.stringify(snapshot)}\n` : toText(access, snapshot, []),
    );
    return endWith(isBlind(snapshot) ? 1 : 0);
  }
  const interruption = watchInterruption();
  const live = isTerminal && options.json !== true ? goLive(access) : undefined;
  await watch({
    sources,
    intervalMs: options.interval,
    stop: interruption.signal,
    onSnapshot(snapshot) {
      if (live !== undefined) live.show(snapshot);
      else if (options.json) process.stdout.write(`${JSON.stringify(snapshot)}\n`);
      else process.stdout.write(`${toText(access, snapshot, [])}\n`);
    },
  });
  live?.end();
  await endWith(interruption.exitCode());
}

/** How many snapshots the charts reach back. */
const PAST = 60;

/** Draws on the terminal, again when its size changes and when the command comes back from the background. */
function goLive(access: Access): { show(snapshot: Snapshot): void; end(): void } {
  const { stdout } = process;
  let screen: Screen = enterScreen(stdout);
  const past: Snapshot[] = [];
  const draw = () => {
    const latest = past.at(-1);
    if (latest !== undefined) screen.draw(linesOf(access, latest, past.slice(0, -1)));
  };
  const toBackground = () => {
    screen.leave();
    process.kill(process.pid, "SIGSTOP");
  };
  const toForeground = () => {
    screen.leave();
    screen = enterScreen(stdout);
    draw();
  };
  const leave = () => screen.leave();
  stdout.on("resize", draw);
  process.on("SIGTSTP", toBackground);
  process.on("SIGCONT", toForeground);
  // Whatever ends the process.
  process.on("exit", leave);
  return {
    show(snapshot) {
      past.push(snapshot);
      if (past.length > PAST) past.shift();
      draw();
    },
    end() {
      leave();
      const latest = past.at(-1);
      // The last picture stays, as after any other command.
      if (latest !== undefined) stdout.write(toText(access, latest, past.slice(0, -1)));
    },
  };
}

function toText(access: Access, snapshot: Snapshot, past: readonly Snapshot[]): string {
  return `${linesOf(access, snapshot, past).join("\n")}\n`;
}

function linesOf(
  { deployment }: Access,
  snapshot: Snapshot,
  past: readonly Snapshot[],
): readonly string[] {
  const title =
    deployment.kind === "local"
      ? `the local stack in ${deployment.dataDir}`
      : `the deployment of ${deployment.by.join(", ")}`;
  const width = process.stdout.columns || 100;
  const paint = createPaint(process.stdout, process.env);
  return drawPicture(snapshot, { title, width, paint, past });
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function parseInterval(text: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS_MS[unit] ?? 0);
  if (ms >= 200 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError(`"${text}" is not a time from 200ms to 60m, such as 2s.`);
}
