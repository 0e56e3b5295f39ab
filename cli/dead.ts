import { Command, InvalidArgumentError } from "commander";
import { UsageError } from "./cli-error.ts";
import {
  type DropOptions,
  drop,
  type ReplayOptions,
  replay,
  type SelectOptions,
} from "./dead/act.ts";
import { isEmpty } from "./dead/filter.ts";
import { DEFAULT_ROWS } from "./dead/format.ts";
import { type ListOptions, list, type ShowOptions, show } from "./dead/look.ts";
import { readMended } from "./dead/mended.ts";
import { NATS_ENVIRONMENT } from "./environment-help.ts";
import { parseMoment } from "./moment.ts";
import { parseProject, parseWhole } from "./nats/options.ts";
import { natsUrlOption, withNats } from "./nats.ts";

export function createDeadCommand(): Command {
  return new Command("dead")
    .summary("look at, replay or drop events that could not be stored")
    .description(
      "Dead letters: events that the worker could not store, each with its reason. They wait in the " +
        "stream EVENTS_DEAD until somebody replays or drops them. Talks to NATS, so the worker may be down.",
    )
    .addCommand(createListCommand())
    .addCommand(createShowCommand())
    .addCommand(createReplayCommand())
    .addCommand(createDropCommand())
    .addHelpText("after", MORE_HELP);
}

const MORE_HELP = `
Examples:
  sluice dead list --since 2h                       what failed lately, newest first
  sluice dead show 17                               one of them, with its event
  sluice dead replay --project shop                 store them, now that the cause is mended
  sluice dead replay --reason 22P05 --dry-run       what that would replay
  sluice dead show 17 --event > event.json          mend an event in an editor, then
  sluice dead replay 17 --with event.json           store it in place of the broken one
  sluice dead drop 17                               give it up for good

${NATS_ENVIRONMENT.trimStart()}

Exit status:
  0 done    1 something failed or could not be replayed    2 wrong usage, nothing done
  130 stopped by Ctrl-C, 143 by SIGTERM`;

const LIST_HELP = `
Examples:
  sluice dead list --since 2h --project shop
  sluice dead list --json | jq -r .reason | sort | uniq -c     how often which reason

The list goes to standard output, how many there are to standard error.
${NATS_ENVIRONMENT}

Exit status:
  0 listed, or there are none    1 failed    2 wrong usage`;

const SHOW_HELP = `
Examples:
  sluice dead show 17                        its reason, its times and its event
  sluice dead show 17 --event > event.json   the event alone, to be mended
${NATS_ENVIRONMENT}

Exit status:
  0 shown    1 failed, or there is no such letter    2 wrong usage`;

const REPLAY_HELP = `
Examples:
  sluice dead replay 17 18
  sluice dead replay --reason 23514 --dry-run
  sluice dead replay --project shop --rate 500    spares a busy database
  sluice dead replay 17 --with event.json         an event that was mended by hand
${NATS_ENVIRONMENT}

Exit status:
  0 all replayed, or there were none    1 failed, or some could not be replayed: the others were
  2 wrong usage, nothing done    130 stopped by Ctrl-C, 143 by SIGTERM: the same command continues`;

const DROP_HELP = `
Examples:
  sluice dead drop 17
  sluice dead drop --project shop --since 1d --dry-run
  sluice dead drop --project shop --since 1d --yes    where nobody can be asked
${NATS_ENVIRONMENT}

Exit status:
  0 dropped, or there were none    1 failed, or you said no    2 wrong usage, nothing done
  130 stopped by Ctrl-C, 143 by SIGTERM`;

function createListCommand(): Command {
  return withFilters(new Command("list").summary("list dead letters, newest first"))
    .description(
      "List dead letters, newest first. A letter's position is its name in the other commands.",
    )
    .option(
      "--limit <letters>",
      `print no more than this (default: ${DEFAULT_ROWS}, with --json all)`,
      (text) => parseWhole(text, 1, Number.MAX_SAFE_INTEGER),
    )
    .option("--json", "print whole letters, one JSON object a line")
    .addOption(natsUrlOption())
    .addHelpText("after", LIST_HELP)
    .action((options: ListOptions) => withNats(options, (nats) => list(nats, options)));
}

function createShowCommand(): Command {
  return new Command("show")
    .summary("show everything about one dead letter")
    .description("Show everything about one dead letter.")
    .argument("<position>", "as sluice dead list prints it", parsePosition)
    .option("--event", "print nothing but the event, as one line of JSON")
    .option("--json", "print the letter as one line of JSON")
    .addOption(natsUrlOption())
    .addHelpText("after", SHOW_HELP)
    .action((position: number, options: ShowOptions) =>
      withNats(options, (nats) => show(nats, position, options)),
    );
}

function createReplayCommand(): Command {
  return withSelection(new Command("replay").summary("send dead letters through the workers again"))
    .description(
      "Send dead letters through the workers again. A letter is removed once the stream has taken its event; " +
        "an event that fails once more becomes a new letter. Doing it twice stores nothing twice.",
    )
    .option("--rate <letters>", "no more than this in a second", (text) =>
      parseWhole(text, 1, 1_000_000),
    )
    .option("--with <file>", 'the mended event in JSON, for one position; "-" is standard input')
    .addOption(natsUrlOption())
    .addHelpText("after", REPLAY_HELP)
    .action((positions: number[], options: ReplayOptions) => {
      checkSelection(positions, options);
      if (options.with !== undefined && positions.length !== 1) {
        throw new UsageError("--with takes exactly one position");
      }
      const mended = options.with === undefined ? undefined : readMended(options.with);
      return withNats(options, (nats) => replay(nats, positions, options, mended));
    });
}

function createDropCommand(): Command {
  return withSelection(new Command("drop").summary("give dead letters up for good"))
    .description("Give dead letters up for good. Their events are never stored.")
    .option("-y, --yes", "do not ask")
    .addOption(natsUrlOption())
    .addHelpText("after", DROP_HELP)
    .action((positions: number[], options: DropOptions) => {
      checkSelection(positions, options);
      return withNats(options, (nats) => drop(nats, positions, options));
    });
}

function withFilters(command: Command): Command {
  return command
    .optionsGroup("Which letters:")
    .option("--project <project>", "of this project", parseProject)
    .option("--since <when>", "failed since then: 90s, 15m, 2h, 3d, 2w ago, or RFC 3339", (text) =>
      parseMoment(text),
    )
    .option("--event-id <id>", "of this event")
    .option("--reason <text>", "whose reason or SQLSTATE contains this, in any case")
    .optionsGroup("Options:");
}

function withSelection(command: Command): Command {
  return withFilters(command.argument("[position...]", "dead letters by position", collectPosition))
    .option("--all", "all of them, or all that the filters let through")
    .option("--dry-run", "only say which these would be");
}

function checkSelection(positions: readonly number[], options: SelectOptions): void {
  const hasFilter = !isEmpty(options) || options.all === true;
  if (positions.length > 0 && hasFilter) {
    throw new UsageError("Give either positions or filters: both together are not clear");
  }
  if (positions.length === 0 && !hasFilter) {
    throw new UsageError(
      "Nothing is selected: give positions, a filter such as --project, or --all",
    );
  }
}

function parsePosition(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`"${text}" is not a position, a whole number from 1.`);
}

function collectPosition(text: string, earlier: readonly number[] = []): number[] {
  return [...earlier, parsePosition(text)];
}
