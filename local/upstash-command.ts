// What clients of Upstash's REST API send: a command as a JSON array, or an array of commands.
export interface Command {
  name: string;
  args: string[];
}

export class BadCommand extends Error {
  override name = "BadCommand";
}

export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new BadCommand("ERR failed to parse command: the body is not JSON", { cause });
  }
}

export function parseCommands(input: unknown): Command[] {
  if (!Array.isArray(input)) throw new BadCommand("ERR failed to parse pipeline request");
  return input.map(parseCommand);
}

export function parseCommand(input: unknown): Command {
  if (!Array.isArray(input) || input.length === 0) {
    throw new BadCommand("ERR failed to parse command: it must be an array that is not empty");
  }
  const [name = "", ...args] = input.map(parseArgument);
  const lower = name.toLowerCase();
  const isBlocking = lower.startsWith("xread") && args.some((arg) => arg.toLowerCase() === "block");
  if (UNAVAILABLE.has(lower) || isBlocking) {
    throw new BadCommand(`ERR Command is not available: '${name}'`);
  }
  return { name, args };
}

function parseArgument(input: unknown): string {
  if (typeof input === "string") return input;
  if (typeof input === "number" || typeof input === "boolean") return String(input);
  throw new BadCommand(`ERR failed to parse command: an argument is ${JSON.stringify(input)}`);
}

/** What would change or block the one connection that all requests share. */
const UNAVAILABLE = new Set(
  `subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe monitor multi exec discard watch unwatch select auth hello
  reset quit client shutdown blpop brpop blmove blmpop brpoplpush bzpopmin bzpopmax bzmpop wait waitaof sync psync debug`.split(
    /\s+/,
  ),
);
