import { parseArgs } from "node:util";
import { EDGE_RUNTIMES, type EdgeRuntime } from "../../local/edge-part.ts";
import type { ChaosOptions } from "./run-chaos.ts";

export const HELP = `npm run chaos [-- options]

Runs the whole of Sluice, posts events through its API, and kills, stops, freezes, delays and disconnects its parts meanwhile. At the
end it compares what was acknowledged with what is stored. Exit status 1 when anything is lost, duplicated or unexpected.

  --seed N             first seed of the schedule (default 1)
  --runs N             runs, each with the next seed (default 1)
  --faults N           faults of each of the six kinds (default 50)
  --events N           events to acknowledge at least (default 100000)
  --rate N             events a second (default 300)
  --clients N          clients that post at once (default 12)
  --overlap P          share of faults that begin while the one before lasts (default 0.25)
  --sequence LIST      these faults over and over instead, such as kill:nats,cut:worker-database:3000,+kill:worker
                       (3000: so many ms; +: while the one before lasts; @500 behind one: so many ms later), --faults times
  --nats-nodes N       NATS servers: 1, or 3 with replicated streams (default 1); faults hit their leader, nats-leader
  --edge NAME          what the edge runs on: workerd (default) or node
  --short              a minute instead of half an hour: --faults 2 --events 3000 unless these are given
  --json FILE          writes the reports there, too
  --keep-data          leaves the data and the logs of a run that found something
  --quiet              prints the reports alone
  --help               this text
`;

export type RunOptions = Omit<ChaosOptions, "say" | "stop"> & {
  readonly runs: number;
  readonly jsonPath: string | undefined;
  readonly isQuiet: boolean;
};

/** What the command line asks for, or "help". @throws {UsageError} */
export function parseOptions(args: readonly string[]): RunOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const number = (name: NumberName, min: number, max: number, byDefault: number): number => {
    const text = values[name];
    const value = text === undefined ? byDefault : Number(text);
    const isWhole = name === "overlap" || Number.isInteger(value);
    if (text !== "" && isWhole && value >= min && value <= max) return value;
    throw new UsageError(`Cannot run: --${name} is "${text}", not a number from ${min} to ${max}`);
  };
  const natsNodes = number("nats-nodes", 1, 3, 1);
  if (natsNodes === 2) throw new UsageError("Cannot run: --nats-nodes is 2: two have no majority");
  return {
    seed: number("seed", 0, 2 ** 32 - 1, 1),
    runs: number("runs", 1, 1_000, 1),
    faultsPerKind: number("faults", 0, 10_000, values.short ? 2 : 50),
    events: number("events", 0, 10_000_000, values.short ? 3_000 : 100_000),
    eventsPerSecond: number("rate", 1, 100_000, 300),
    clients: number("clients", 1, 1_000, 12),
    overlap: number("overlap", 0, 1, 0.25),
    natsNodes,
    edge: parseEdge(values.edge),
    sequence: values.sequence,
    keepsData: values["keep-data"],
    jsonPath: values.json,
    isQuiet: values.quiet,
  };
}

type NumberName =
  | "seed"
  | "runs"
  | "faults"
  | "events"
  | "rate"
  | "clients"
  | "overlap"
  | "nats-nodes";

function parseEdge(text: string): EdgeRuntime {
  const edge = EDGE_RUNTIMES.find((name) => name === text);
  if (edge !== undefined) return edge;
  throw new UsageError(`Cannot run: --edge is "${text}", not ${EDGE_RUNTIMES.join(" or ")}`);
}

export class UsageError extends Error {
  override readonly name = "UsageError";
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        runs: { type: "string" },
        faults: { type: "string" },
        events: { type: "string" },
        rate: { type: "string" },
        clients: { type: "string" },
        overlap: { type: "string" },
        "nats-nodes": { type: "string" },
        sequence: { type: "string" },
        edge: { type: "string", default: "workerd" },
        json: { type: "string" },
        "keep-data": { type: "boolean", default: false },
        short: { type: "boolean", default: false },
        quiet: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`Cannot run: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
