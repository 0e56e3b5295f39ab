import { parseArgs } from "node:util";

export const DOOR_NAMES = ["edge", "edge-node", "worker", "stream", "cli", "cold"] as const;
export type DoorName = (typeof DOOR_NAMES)[number];

export const HELP = `npm run fuzz [-- options]

Throws hostile input at every door of Sluice: requests at the edge and at the worker, messages at the stream, files at the command line
and at the cold tier. Says what was answered, how memory grew, and what was wrong, with the seed that brings it back. Exit status 1 when
anything was wrong.

  --door NAME          one of ${DOOR_NAMES.join(", ")}; as often as needed (default: all)
  --requests N         requests at the edge (default 100000); the other doors get a smaller share
  --seed N             where the random cases begin (default: a new one, which is printed)
  --concurrency N      requests at once (default 32)
  --json FILE          writes the reports there, too
  --help               this text
`;

export type FuzzOptions = {
  readonly doors: readonly DoorName[];
  readonly requests: number;
  readonly seed: number;
  readonly concurrency: number;
  readonly jsonPath: string | undefined;
};

export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What the command line asks for, or "help". @throws {UsageError} */
export function parseOptions(args: readonly string[], randomSeed: number): FuzzOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const number = (name: "requests" | "seed" | "concurrency", max: number, byDefault: number) => {
    const text = values[name];
    if (text === undefined) return byDefault;
    if (/^\d+$/.test(text) && Number(text) <= max && (name === "seed" || Number(text) > 0)) {
      return Number(text);
    }
    throw new UsageError(`Cannot run: --${name} is "${text}", not a whole number up to ${max}`);
  };
  return {
    doors: toDoors(values.door),
    requests: number("requests", 100_000_000, 100_000),
    seed: number("seed", 2 ** 31 - 1, randomSeed),
    concurrency: number("concurrency", 1_000, 32),
    jsonPath: values.json,
  };
}

function toDoors(names: readonly string[] | undefined): readonly DoorName[] {
  if (names === undefined) return DOOR_NAMES;
  return names.map((name) => {
    const known = DOOR_NAMES.find((door) => door === name);
    if (known !== undefined) return known;
    throw new UsageError(`Cannot run: there is no door "${name}", only ${DOOR_NAMES.join(", ")}`);
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        door: { type: "string", multiple: true },
        requests: { type: "string" },
        seed: { type: "string" },
        concurrency: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`Cannot run: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
