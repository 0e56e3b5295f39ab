/** One line of a part's log, as edge and worker write it. */
export type LogLine = {
  readonly time: string;
  readonly level: Level;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];

export function isAtLeast(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/** Undefined for what a server that is not ours writes in a form of its own. */
export function parseLogLine(text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { time, level, msg, ...fields } = JSON.parse(text);
    const known = LEVELS.find((name) => name === level);
    if (known === undefined || typeof msg !== "string") return undefined;
    return { time: String(time), level: known, msg, fields };
  } catch {
    return undefined;
  }
}

/** For people, on one line: `12:03:04.567 worker warn  write failed, retrying  rows=3  Error: no connection`. */
export function formatLogLine(part: string, { time, level, msg, fields }: LogLine): string {
  const { err, ...others } = fields;
  const words = Object.entries(others).map(([name, value]) => `${name}=${toWord(value)}`);
  const pieces = [msg, words.join(" "), ...(err === undefined ? [] : [describe(err)])];
  const clock = /T([\d:.]+)/.exec(time)?.[1] ?? time;
  const text = pieces.filter((piece) => piece !== "").join("  ");
  return `${clock} ${part} ${level.padEnd(5)} ${toOneLine(text)}`;
}

function toWord(value: unknown): string {
  return typeof value === "string" && /^\S+$/.test(value) ? value : JSON.stringify(value);
}

/** Without its stack, which is in the file. */
function describe(err: unknown): string {
  if (typeof err !== "object" || err === null) return String(err);
  const { type = "Error", message, cause } = err as Record<string, unknown>;
  const text = `${type}: ${message}`;
  return cause === undefined ? text : `${text} (${describe(cause)})`;
}

/** What a terminal would take for a command, and line ends, which would look like lines of their own. */
function toOneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
