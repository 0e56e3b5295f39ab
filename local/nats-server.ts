import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findServer } from "./find-server.ts";
import type { Part } from "./part.ts";
import { answersTcp } from "./probes.ts";

export interface NatsOptions extends NatsPorts {
  readonly dataDir: string;
  readonly passwords: NatsPasswords;
}

export interface NatsPorts {
  readonly port: number;
  readonly websocketPort: number;
}

/** Of the users in deploy/nats-accounts.conf. */
export interface NatsPasswords {
  readonly edge: string;
  readonly worker: string;
  readonly operator: string;
}

export const NATS_EDGE_USER = "edge";
export const NATS_WORKER_USER = "worker";
export const NATS_OPERATOR_USER = "operator";

const ACCOUNTS = new URL("../deploy/nats-accounts.conf", import.meta.url);
/** Where an account keeps its streams; `$G` is the one of servers without accounts. */
const GLOBAL_ACCOUNT = "$G";
const STREAMS_ACCOUNT = "SLUICE";

/** nats-server with JetStream on disk, and a WebSocket for the edge. */
export async function prepareNats(options: NatsOptions): Promise<Part> {
  const folder = join(options.dataDir, "nats");
  await keepStreams(folder);
  return {
    name: "nats",
    ...(await prepareServer(folder, natsConfig(folder, "sluice-local", options))),
    env: passwordVariables(options.passwords),
    // Streams are recovered before the first client is greeted, and the greeting names JetStream.
    isReady: async (signal) =>
      (await answersTcp(options.port, signal, "", /^INFO .*"jetstream":true/)) &&
      (await answersWebsocket(options.websocketPort, signal)),
    readyTimeoutMs: 30_000,
  };
}

/** What every nats-server has in common, alone or in a cluster. */
export async function prepareServer(
  folder: string,
  config: string,
): Promise<Pick<Part, "command" | "args" | "needs" | "stopTimeoutMs">> {
  await mkdir(folder, { recursive: true });
  const configPath = join(folder, "nats.conf");
  await writeFile(configPath, config, { mode: 0o600 });
  return {
    command: findServer("nats-server"),
    args: ["--config", configPath],
    needs: [],
    stopTimeoutMs: 10_000,
  };
}

/** For `$NATS_…_PASSWORD` in a configuration. The server reads a variable as configuration: without quotes, digits are a number. */
export function passwordVariables(passwords: NatsPasswords): Record<string, string> {
  return {
    NATS_EDGE_PASSWORD: JSON.stringify(passwords.edge),
    NATS_WORKER_PASSWORD: JSON.stringify(passwords.worker),
    NATS_OPERATOR_PASSWORD: JSON.stringify(passwords.operator),
  };
}

export function answersWebsocket(port: number, signal: AbortSignal): Promise<boolean> {
  return answersTcp(port, signal, "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 4/);
}

/** Understood by nats-server 2.9.10 and later. Holds no password. */
export function natsConfig(folder: string, serverName: string, ports: NatsPorts): string {
  return `listen: "127.0.0.1:${ports.port}"
server_name: ${JSON.stringify(serverName)}
max_payload: 1MB
max_connections: 2000
max_subscriptions: 500
max_control_line: 4KB
jetstream {
  store_dir: ${JSON.stringify(folder)}
  max_file_store: 10GB
}
websocket {
  listen: "127.0.0.1:${ports.websocketPort}"
  no_tls: true
}
${readFileSync(ACCOUNTS, "utf8")}`;
}

/** A data directory from before there were accounts has its streams under the global one. */
async function keepStreams(folder: string): Promise<void> {
  const from = join(folder, "jetstream", GLOBAL_ACCOUNT);
  const to = join(folder, "jetstream", STREAMS_ACCOUNT);
  if (existsSync(from) && !existsSync(to)) await rename(from, to);
}
