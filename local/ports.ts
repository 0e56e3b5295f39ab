import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort, isPortFree } from "./free-port.ts";

/** Each listener of the stack, and the variable that sets its port. */
const PORT_VARIABLES = {
  edge: "PORT",
  worker: "WORKER_PORT",
  database: "DATABASE_PORT",
  redis: "REDIS_PORT",
  nats: "NATS_PORT",
  natsWebsocket: "NATS_WEBSOCKET_PORT",
  upstashHttp: "UPSTASH_PORT",
  neonHttp: "NEON_PORT",
} as const;

export type PortName = keyof typeof PORT_VARIABLES;
export type Ports = Record<PortName, number>;

const PORT_NAMES = Object.keys(PORT_VARIABLES) as PortName[];
const DEFAULT_EDGE_PORT = 8787;

/**
 * The port of each part: from its variable, else the one it had in this data directory if that is
 * still free, else any free one. They are remembered, so that URLs survive a restart.
 * @throws when a port that was asked for is in use or no port
 */
export async function choosePorts(dataDir: string, env: NodeJS.ProcessEnv): Promise<Ports> {
  const path = join(dataDir, "ports.json");
  const remembered = await readRemembered(path);
  const ports: Partial<Ports> = {};
  for (const name of PORT_NAMES) {
    const wanted = parsePort(PORT_VARIABLES[name], env[PORT_VARIABLES[name]]);
    if (wanted !== undefined) ports[name] = wanted;
  }
  ports.edge ??= DEFAULT_EDGE_PORT;
  const taken = new Set<number>();
  for (const name of PORT_NAMES) {
    const asked = ports[name];
    if (asked === undefined) continue;
    if (taken.has(asked))
      throw new Error(`Cannot start: ${PORT_VARIABLES[name]}=${asked} is the port of another part`);
    taken.add(asked);
    if (!(await isPortFree(asked)))
      throw new Error(
        `Cannot start: port ${asked} on 127.0.0.1 is in use by another program: set ${PORT_VARIABLES[name]} to a free one`,
      );
  }
  for (const name of PORT_NAMES) {
    const old = remembered[name];
    const isUsable = old !== undefined && !taken.has(old) && (await isPortFree(old));
    ports[name] ??= isUsable ? old : await findFreePort(taken);
    taken.add(ports[name]);
  }
  await writeFile(path, `${JSON.stringify(ports, undefined, 2)}\n`);
  return ports as Ports;
}

function parsePort(variable: string, value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`Cannot start: ${variable} is "${value}", not a port between 1 and 65535`);
}

async function readRemembered(path: string): Promise<Partial<Ports>> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Partial<Ports>;
  } catch {
    return {};
  }
}
