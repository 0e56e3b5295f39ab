import { redact } from "../contract/redact.ts";
import { followLogs, type LogFollower } from "./follow-logs.ts";
import { formatLogLine, isAtLeast, parseLogLine } from "./log-line.ts";

/** A part that fails over and over would bury what matters. */
const MAX_LINES = 10;
const WINDOW_MS = 10_000;

/** Says warnings and errors of all parts, for people, as they come: at most ten in ten seconds, and how many more there were. */
export function sayWarnings(
  logDir: string,
  say: (line: string) => void,
  now: () => number = Date.now,
): LogFollower {
  let beganMs = Number.NEGATIVE_INFINITY;
  let lines = 0;

  const follower = followLogs(logDir, (part, text) => {
    const line = parseLogLine(text);
    if (line === undefined || !isAtLeast(line.level, "warn")) return;
    lines += 1;
    if (lines <= MAX_LINES) say(redact(formatLogLine(part, line)));
  });

  /** Begins another ten seconds, if these are over. */
  function turn(): void {
    if (now() - beganMs < WINDOW_MS) return;
    if (lines > MAX_LINES) say(`… and ${lines - MAX_LINES} more such lines in ${logDir}`);
    beganMs = now();
    lines = 0;
  }

  let timer: NodeJS.Timeout | undefined;
  const read = () => {
    turn();
    follower.read();
  };
  return {
    read,
    start() {
      timer = setInterval(read, 500);
    },
    close() {
      clearInterval(timer);
      read();
    },
  };
}
