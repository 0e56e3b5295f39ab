import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EDGE_INBOX } from "../contract/stream.ts";
import { findServer } from "./find-server.ts";
import type { Part } from "./part.ts";
import { answersTcp } from "./probes.ts";

export interface NatsOptions extends NatsPorts, NatsPasswords {
  readonly dataDir: string;
}

export interface NatsPorts {
  readonly port: number;
  readonly websocketPort: number;
}

export interface NatsPasswords {
  readonly edgePassword: string;
  readonly workerPassword: string;
}

export const NATS_EDGE_USER = "edge";
export const NATS_WORKER_USER = "worker";

/** nats-server with JetStream on disk, and a WebSocket for the edge. */
export async function prepareNats(options: NatsOptions): Promise<Part> {
  const folder = join(options.dataDir, "nats");
  return {
    name: "nats",
    ...(await prepareServer(folder, natsConfig(folder, "sluice-local", options))),
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

export function answersWebsocket(port: number, signal: AbortSignal): Promise<boolean> {
  return answersTcp(port, signal, "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 4/);
}

/** Understood by nats-server 2.9.10 and later. */
export function natsConfig(
  folder: string,
  serverName: string,
  options: NatsPorts & NatsPasswords,
): string {
  return `listen: "127.0.0.1:${options.port}"
server_name: ${JSON.stringify(serverName)}
max_payload: 1MB
jetstream {
  store_dir: ${JSON.stringify(folder)}
  max_file_store: 10GB
}
websocket {
  listen: "127.0.0.1:${options.websocketPort}"
  no_tls: true
}
authorization {
  users: [
    {
      user: ${NATS_EDGE_USER}
      password: ${JSON.stringify(options.edgePassword)}
      permissions: { publish: ["events.>"], subscribe: ["${EDGE_INBOX}.>"] }
    }
    { user: ${NATS_WORKER_USER}, password: ${JSON.stringify(options.workerPassword)} }
  ]
}
`;
}
