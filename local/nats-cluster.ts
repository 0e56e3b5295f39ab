/**
 * Three nats-servers, each with every message of a replicated stream. What JetStream acknowledges is held by two of them at least,
 * so it serves on, and nothing is lost, without any one.
 */
import { join } from "node:path";
import { WORKER_INBOX } from "../contract/stream.ts";
import {
  answersWebsocket,
  NATS_WORKER_USER,
  type NatsPasswords,
  type NatsPorts,
  natsConfig,
  passwordVariables,
  prepareServer,
} from "./nats-server.ts";
import type { Part } from "./part.ts";
import { answersTcp } from "./probes.ts";

export interface NatsClusterOptions {
  readonly dataDir: string;
  readonly nodes: readonly NatsNode[];
  readonly passwords: NatsPasswords;
  /** Opens every account: of the servers among themselves. */
  readonly clusterPassword: string;
}

export interface NatsNode extends NatsPorts {
  /** Where the other servers connect to. */
  readonly routePort: number;
}

const ROUTE_USER = "cluster";

/** The parts `nats-1`, `nats-2`, …: none needs another, as each becomes ready only together with a majority. */
export function prepareNatsCluster(options: NatsClusterOptions): Promise<Part[]> {
  return Promise.all(options.nodes.map((node, index) => prepareNode(node, index, options)));
}

async function prepareNode(
  node: NatsNode,
  index: number,
  options: NatsClusterOptions,
): Promise<Part> {
  const name = `nats-${index + 1}`;
  const folder = join(options.dataDir, name);
  return {
    name,
    ...(await prepareServer(folder, nodeConfig(folder, name, node, options))),
    env: passwordVariables(options.passwords),
    isReady: async (signal) =>
      (await answersJetstream(node.port, options.passwords.worker, signal)) &&
      (await answersWebsocket(node.websocketPort, signal)),
    // A server whose neighbours are away waits for them.
    readyTimeoutMs: 60_000,
  };
}

/** Understood by nats-server 2.9.10 and later. */
export function nodeConfig(
  folder: string,
  name: string,
  node: NatsNode,
  options: NatsClusterOptions,
): string {
  const password = options.clusterPassword;
  const routes = options.nodes.map(
    ({ routePort }) =>
      `"nats://${ROUTE_USER}:${encodeURIComponent(password)}@127.0.0.1:${routePort}"`,
  );
  return `${natsConfig(folder, name, node)}cluster {
  name: "sluice"
  listen: "127.0.0.1:${node.routePort}"
  # Clients are given every address, and a proxy in between stays in between.
  no_advertise: true
  authorization { user: ${ROUTE_USER}, password: ${JSON.stringify(password)} }
  routes: [${routes.join(", ")}]
}
`;
}

/**
 * Asks JetStream for its account through one server. Only the leader of the cluster answers, so an answer means that this server has
 * recovered its streams, has found the others, and is one of a majority.
 */
function answersJetstream(port: number, password: string, signal: AbortSignal): Promise<boolean> {
  const login = { user: NATS_WORKER_USER, pass: password, verbose: false, pedantic: false };
  const question = `CONNECT ${JSON.stringify(login)}\r\nSUB ${WORKER_INBOX}.probe 1\r\nPUB $JS.API.INFO ${WORKER_INBOX}.probe 0\r\n\r\n`;
  return answersTcp(port, signal, question, /account_info_response",(?!"error")/);
}
