import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EDGE_INBOX } from "../contract/stream.ts";
import { findServer } from "./find-server.ts";
import type { Part } from "./part.ts";
import { answersTcp } from "./probes.ts";

export interface NatsOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly websocketPort: number;
  readonly edgePassword: string;
  readonly workerPassword: string;
}

export const NATS_EDGE_USER = "edge";
export const NATS_WORKER_USER = "worker";

/** nats-server with JetStream on disk, and a WebSocket for the edge. */
export async function prepareNats(options: NatsOptions): Promise<Part> {
  const folder = join(options.dataDir, "nats");
  await mkdir(folder, { recursive: true });
  const configPath = join(folder, "nats.conf");
  await writeFile(configPath, natsConfig(folder, options), { mode: 0o600 });
  return {
    name: "nats",
    command: findServer("nats-server"),
    args: ["--config", configPath],
    needs: [],
    // Streams are recovered before the first client is greeted, and the greeting names JetStream.
    isReady: async (signal) =>
      (await answersTcp(options.port, signal, "", /^INFO .*"jetstream":true/)) &&
      (await answersTcp(options.websocketPort, signal, "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 4/)),
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
  };
}

/** Understood by nats-server 2.9.10 and later. */
export function natsConfig(folder: string, options: NatsOptions): string {
  return `listen: "127.0.0.1:${options.port}"
server_name: "sluice-local"
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
