import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { isReplayConsumer, replayConsumerName } from "../contract/replay.ts";
import { CliError, UsageError } from "./cli-error.ts";
import { NATS_ENVIRONMENT } from "./environment-help.ts";
import { formatBytes } from "./format-bytes.ts";
import { formatMoment, parseMoment } from "./moment.ts";
import { parseProject, parseWhole } from "./nats/options.ts";
import { type Nats, type NatsOptions, natsUrlOption, withNats } from "./nats.ts";
import { createProgress } from "./progress.ts";
import { findRange, findTimes, type Range, type RangeWish } from "./replay/range.ts";
import {
  cancelledSubject,
  cancelReplay,
  createReplay,
  findReplay,
  listReplays,
  newReplayName,
  type Replay,
} from "./replay/replays.ts";
import { watchReplay } from "./replay/watch.ts";
import { count, formatTable } from "./table.ts";

export function createReplayCommand(): Command {
  return (
    new Command("replay")
      .summary("store retained events again, to rebuild a lost or repaired table")
      .description(
        "Feed the messages that the stream still holds through the workers again, to rebuild a lost or " +
          "repaired table. Rows that are there stay as they are. Talks to NATS; running workers do the work.",
      )
      // "list" and "cancel" have options of their own.
      .enablePositionalOptions()
      .optionsGroup("Which events:")
      .option(
        "--since <when>",
        "received since then: 90s, 15m, 2h, 3d, 2w ago, RFC 3339, or all",
        parseSince,
      )
      .option("--until <when>", "received before then (default: now)", (text) => parseMoment(text))
      .option("--project <project>", "of this project only", parseProject)
      .optionsGroup("Options:")
      .option("--rate <events>", "no more than this in a second, for each worker", parseRate, 5_000)
      .option("--dry-run", "only say how much it would be")
      .option("--json", "print the outcome as one line of JSON")
      .addOption(natsUrlOption())
      .action(runReplay)
      .addCommand(createListCommand())
      .addCommand(createCancelCommand())
      .addHelpText("after", MORE_HELP)
  );
}

const MORE_HELP = `
Examples:
  sluice replay --since 2h --dry-run            how much that would be
  sluice replay --since 2h                      everything received in the last two hours
  sluice replay --since all --project shop      all that the stream holds of one project
  sluice replay list                            replays that are not over
  sluice replay cancel replay-1f2e3d4c

Ctrl-C ends the watching only: the replay goes on in the workers until it is cancelled.

${NATS_ENVIRONMENT.trimStart()}

Exit status:
  0 all replayed, or there was nothing to replay    1 cancelled, or failed
  2 wrong usage, nothing begun    130 left by Ctrl-C: the replay goes on`;

const LIST_HELP = `
Examples:
  sluice replay list
  sluice replay list --json | jq -r .name       for a script

The list goes to standard output, how many there are to standard error.
${NATS_ENVIRONMENT}

Exit status:
  0 listed, or there are none    1 failed    2 wrong usage`;

const CANCEL_HELP = `
Examples:
  sluice replay cancel replay-1f2e3d4c
  sluice replay cancel 1f2e3d4c                 its name's end will do
${NATS_ENVIRONMENT}

Exit status:
  0 cancelled    1 failed, or there is no such replay    2 wrong usage, nothing done`;

type ReplayOptions = NatsOptions &
  Partial<Omit<RangeWish, "since">> & {
    readonly since?: RangeWish["since"];
    readonly rate: number;
    readonly dryRun?: boolean;
    readonly json?: boolean;
  };

type ListOptions = NatsOptions & { readonly json?: boolean };

async function runReplay(options: ReplayOptions): Promise<void> {
  const { since, until, project } = options;
  if (since === undefined) {
    throw new UsageError("--since is missing: say from when on to replay, such as --since 2h");
  }
  if (until !== undefined && since !== "all" && until <= since) {
    throw new UsageError("--until must be later than --since");
  }
  await withNats(options, async (nats) => {
    const range = await findRange(nats.manager, { since, until, project });
    if (range.retainedSinceMs !== undefined) {
      say(
        `The stream holds messages from ${formatMoment(range.retainedSinceMs)} on, no older ones`,
      );
    }
    if (options.dryRun) await printDryRun(nats, range, options);
    else if (range.messages === 0) printOutcome(undefined, range, 0, options);
    else await replay(nats, range, options);
  });
}

async function printDryRun(
  { manager }: Nats,
  range: Range,
  { json }: ReplayOptions,
): Promise<void> {
  const times = range.messages === 0 ? undefined : await findTimes(manager, range);
  const { messages, bytes } = range;
  const [first, last] = [times?.firstMs, times?.lastMs].map((ms) =>
    ms === undefined ? null : formatMoment(ms),
  );
  if (json) {
    process.stdout.write(`${JSON.stringify({ messages, bytes: bytes ?? null, first, last })}\n`);
    return;
  }
  const size = bytes === undefined ? "" : ` of ${formatBytes(bytes)} together`;
  const period = first && last ? `, received from ${first} to ${last}` : "";
  process.stdout.write(`Would replay ${count(messages, "message")}${size}${period}\n`);
}

async function replay(nats: Nats, range: Range, options: ReplayOptions): Promise<void> {
  const startedMs = performance.now();
  const name = newReplayName();
  const total = range.endSequence - range.firstSequence + 1;
  const progress = createProgress(
    process.stderr,
    `Replaying ${count(range.messages, "message")} [{bar}] {percentage}%{left}`,
    total,
    { left: "" },
  );
  const leave = (signal: NodeJS.Signals) => {
    progress.end();
    say(
      `The replay goes on in the workers. To see it: sluice replay list. To stop it: sluice replay cancel ${name}`,
    );
    process.exit(128 + constants.signals[signal]);
  };
  let isCancelled = false;
  // Both before the replay exists, so that no signal and no cancellation is missed.
  for (const signal of SIGNALS) process.on(signal, leave);
  nats.connection.subscribe(cancelledSubject(name), {
    callback: () => {
      isCancelled = true;
    },
  });
  try {
    await createReplay(nats.manager, name, range, options.rate);
    progress.notice(`Began ${name}; the workers do it`);
    await watchReplay({
      find: () => findReplay(nats.manager, name),
      onProgress: (sequence) => {
        const done = Math.max(0, Math.min(sequence, range.endSequence) - range.firstSequence + 1);
        const left = formatLeft(done / total, (performance.now() - startedMs) / 1_000);
        progress.update(done, { left });
      },
      onNotice: progress.notice,
      nowMs: () => performance.now(),
      pause: (ms) => delay(ms),
    });
    if (!isCancelled) progress.update(total, { left: "" });
  } finally {
    for (const signal of SIGNALS) process.off(signal, leave);
    progress.end();
  }
  if (isCancelled) throw new CliError(`${name} was cancelled by somebody else before its end`);
  printOutcome(name, range, (performance.now() - startedMs) / 1_000, options);
}

function formatLeft(share: number, seconds: number): string {
  return share > 0 ? ` | about ${Math.ceil((seconds / share) * (1 - share))} s left` : "";
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function printOutcome(
  name: string | undefined,
  { messages }: Range,
  seconds: number,
  { json }: ReplayOptions,
): void {
  if (json) {
    const outcome = { name: name ?? null, messages, seconds: Number(seconds.toFixed(3)) };
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  } else if (name === undefined) {
    process.stdout.write("Nothing to replay: the stream holds no such messages\n");
  } else {
    process.stdout.write(`Replayed ${count(messages, "message")} in ${seconds.toFixed(1)} s\n`);
  }
}

function createListCommand(): Command {
  return new Command("list")
    .summary("list the replays that are not over")
    .description("List the replays that are not over, oldest first.")
    .option("--json", "print one JSON object a line")
    .addOption(natsUrlOption())
    .addHelpText("after", LIST_HELP)
    .action((options: ListOptions) =>
      withNats(options, async ({ manager }) => {
        const replays = await listReplays(manager);
        if (options.json) {
          for (const one of replays) process.stdout.write(`${JSON.stringify(toJson(one))}\n`);
          return;
        }
        if (replays.length > 0) process.stdout.write(formatReplays(replays));
        say(replays.length === 0 ? "No replays" : count(replays.length, "replay"));
      }),
    );
}

function createCancelCommand(): Command {
  return new Command("cancel")
    .summary("end a replay before it is over")
    .description("End a replay before it is over. What it has stored until then stays.")
    .argument("<name>", "as sluice replay list prints it", parseName)
    .addOption(natsUrlOption())
    .addHelpText("after", CANCEL_HELP)
    .action((name: string, options: NatsOptions) =>
      withNats(options, async (nats) => {
        await cancelReplay(nats, name);
        process.stdout.write(`Cancelled ${name}\n`);
      }),
    );
}

function formatReplays(replays: readonly Replay[]): string {
  const header = ["NAME", "BEGUN AT", "PROJECT", "EVENTS/S", "STORED UP TO", "END", "STATE"];
  const rows = replays.map(({ name, createdMs, project, plan, storedSequence, hasBegun }) => [
    name,
    formatMoment(createdMs),
    project ?? "(all)",
    plan === undefined ? "?" : String(plan.events_per_second),
    String(storedSequence),
    plan === undefined ? "?" : String(plan.end_sequence),
    hasBegun ? "running" : "waits for a worker",
  ]);
  return formatTable(header, rows, process.stdout.columns);
}

function toJson({ name, createdMs, project, plan, storedSequence, hasBegun }: Replay) {
  return {
    name,
    created_at: formatMoment(createdMs),
    project: project ?? null,
    events_per_second: plan?.events_per_second ?? null,
    stored_sequence: storedSequence,
    end_sequence: plan?.end_sequence ?? null,
    state: hasBegun ? "running" : "waiting",
  };
}

function parseSince(text: string): number | "all" {
  return text === "all" ? text : parseMoment(text);
}

function parseRate(text: string): number {
  return parseWhole(text, 1, 1_000_000);
}

/** No other consumer can be named: to delete the workers' own would be a disaster. */
function parseName(text: string): string {
  const name = isReplayConsumer(text) ? text : replayConsumerName(text);
  if (/^[\w-]+$/.test(name)) return name;
  throw new InvalidArgumentError(`"${text}" is not the name of a replay.`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
