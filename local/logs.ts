/** `npm run logs`: the logs of the local stack, for people. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { redact } from "../contract/redact.ts";
import { followLogs } from "./follow-logs.ts";
import { formatLogLine, isAtLeast, LEVELS, type LogLine, parseLogLine } from "./log-line.ts";

const HELP = `npm run logs [-- options] [part …]

Shows what the parts of the local stack have logged, in the order of time. The files in
DATA_DIR/logs hold the same as JSON, with the stacks of errors.

  part            edge, worker, …; all by default. Parts that are not ours, such as nats,
                  have lines without a level, which are shown when the part is named
  --level LEVEL   the least level: ${LEVELS.join(", ")} (default info)
  --lines N       of each part, the last N lines (default 200)
  --follow        go on with what is logged from now on
  --help          this text

Environment:
  DATA_DIR        where the stack keeps everything (default .data)
`;

type Shown = { readonly time: string; readonly part: string; readonly text: string };

process.exitCode = main();

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      level: { type: "string", default: "info" },
      lines: { type: "string", default: "200" },
      follow: { type: "boolean", default: false },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const level = LEVELS.find((name) => name === values.level);
  const count = /^\d+$/.test(values.lines) ? Number(values.lines) : undefined;
  if (level === undefined) {
    return refuse(`there is no level "${values.level}", only ${LEVELS.join(", ")}`);
  }
  if (count === undefined) return refuse(`"${values.lines}" is no number of lines`);

  let kept: Shown[] | undefined = [];
  const folder = join(resolve(process.env.DATA_DIR || ".data"), "logs");
  const parts = new Set<string>();
  const follower = followLogs(
    folder,
    (part, text) => {
      parts.add(part);
      if (positionals.length > 0 && !positionals.includes(part)) return;
      const line = parseLogLine(text);
      if (line === undefined ? positionals.length === 0 : !isAtLeast(line.level, level)) return;
      const shown = { time: line?.time ?? "", part, text: format(part, text, line) };
      if (kept === undefined) print(shown);
      else kept.push(shown);
    },
    "start",
  );
  follower.read();
  if (parts.size === 0) return refuse(`there are no logs in ${folder}`);
  const unknown = positionals.find((name) => !parts.has(name));
  if (unknown !== undefined) {
    return refuse(`there is no log of "${unknown}", only of ${[...parts].join(", ")}`);
  }
  for (const shown of lastOf(kept, count)) print(shown);
  kept = undefined;
  if (values.follow) follower.start();
  return 0;
}

function refuse(reason: string): number {
  process.stderr.write(`Cannot show logs: ${reason}\n`);
  return 2;
}

/** A server that is not ours may log what our own parts would not. */
function format(part: string, text: string, line: LogLine | undefined): string {
  return redact(line === undefined ? `${part}  ${text}` : formatLogLine(part, line));
}

/** In the order of time; lines without one stay together, before all others. */
function lastOf(shown: readonly Shown[], count: number): Shown[] {
  const byPart = Map.groupBy(shown, ({ part }) => part);
  const last = [...byPart.values()].flatMap((lines) => (count === 0 ? [] : lines.slice(-count)));
  return last.sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));
}

function print({ text }: Shown): void {
  process.stdout.write(`${text}\n`);
}
