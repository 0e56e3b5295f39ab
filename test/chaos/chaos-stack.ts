import { join } from "node:path";
import { createKey } from "../../contract/key.ts";
import { OPERATOR_INBOX } from "../../contract/stream.ts";
import type { EdgeRuntime } from "../../local/edge-part.ts";
import { findFreePort } from "../../local/free-port.ts";
import type { NatsNode } from "../../local/nats-cluster.ts";
import { NATS_OPERATOR_USER } from "../../local/nats-server.ts";
import { choosePorts, type Ports } from "../../local/ports.ts";
import { loadSecrets } from "../../local/secrets.ts";
import { createStack } from "../../local/stack.ts";
import { createSupervisor } from "../../local/supervisor.ts";
import { createWatchdog } from "../../local/watchdog.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { copyTimescaleTemplate } from "../support/timescale-template.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export const PROJECT = "chaos";

/** The real stack, supervised, with a proxy on every connection between two parts and on the clients' own. */
export interface ChaosStack {
  readonly dataDir: string;
  /** Where clients post, through their proxy. */
  readonly edgeUrl: string;
  readonly writeKey: string;
  /** Straight to the parts, for whoever looks on. */
  readonly databaseUrl: string;
  readonly natsServers: readonly string[];
  readonly natsLogin: {
    readonly user: string;
    readonly pass: string;
    readonly inboxPrefix: string;
  };
  readonly parts: readonly string[];
  readonly links: ReadonlyMap<string, TcpProxy>;
  /** Undefined while the part is not running. */
  pidOf(part: string): number | undefined;
  /** Resolves when all parts are ready. @throws when one can not be started; then nothing runs */
  start(): Promise<void>;
  /** Everything goes but, if it is to be kept, the data directory, with the logs of all parts. */
  stop(options: { readonly keepsData: boolean }): Promise<void>;
}

export type ChaosStackOptions = {
  /** 1, or as many as a cluster has. */
  readonly natsNodes?: number;
  /** Workerd by default. */
  readonly edge?: EdgeRuntime;
  readonly say: (line: string) => void;
};

/** Faults come in bursts: what a dead worker held shall come back soon. */
const SETTINGS = { ACK_WAIT_MS: "5000", RATE_LIMIT_EVENTS_PER_SECOND: "1000000" };

/** The caller stops what it gets, started or not. */
export async function createChaosStack(options: ChaosStackOptions): Promise<ChaosStack> {
  const { natsNodes = 1, edge = "workerd", say } = options;
  const tempDir = await makeTempDir("chaos");
  const dataDir = tempDir.path;
  await copyTimescaleTemplate(dataDir);
  const ports = await choosePorts(dataDir, { PORT: String(await findFreePort()) });
  const secrets = await loadSecrets(dataDir);
  const links = new Map<string, TcpProxy>();
  const detour = async (name: string, port: number): Promise<number> => {
    const proxy = await startTcpProxy(port);
    links.set(name, proxy);
    return proxy.port;
  };
  const edgePort = await detour("client-edge", ports.edge);
  const nodes = natsNodes > 1 ? await chooseNodes(natsNodes, ports) : undefined;
  const { parts, urls } = await createStack({
    dataDir,
    ports,
    secrets,
    detour,
    edge,
    ...(nodes === undefined ? {} : { natsNodes: nodes }),
  });
  const watchdog = createWatchdog();
  const supervisor = createSupervisor({
    parts: parts.map((part) => ({ ...part, env: { ...part.env, ...SETTINGS } })),
    logDir: join(dataDir, "logs"),
    watchdog,
    say,
    // Faults come in bursts, and are to meet parts that run.
    stableMs: 1_000,
  });
  return {
    dataDir,
    edgeUrl: `http://127.0.0.1:${edgePort}`,
    writeKey: createKey({ scope: "w", projectId: PROJECT, kid: "k1" }, secrets.keySecret),
    databaseUrl: urls.database_url ?? "",
    natsServers: (nodes ?? [{ port: ports.nats }]).map(({ port }) => `127.0.0.1:${port}`),
    natsLogin: {
      user: NATS_OPERATOR_USER,
      pass: secrets.natsOperatorPassword,
      inboxPrefix: OPERATOR_INBOX,
    },
    parts: parts.map(({ name }) => name),
    links,
    pidOf: (part) => supervisor.running().get(part)?.pid,
    start: () => supervisor.start(),
    async stop({ keepsData }) {
      await supervisor.stop();
      watchdog.close();
      for (const proxy of links.values()) await proxy.close();
      if (!keepsData) await tempDir.remove();
    },
  };
}

/** Ports that are neither taken nor those of another part. */
async function chooseNodes(count: number, ports: Ports): Promise<NatsNode[]> {
  const taken = new Set<number>(Object.values(ports));
  const choose = async (): Promise<number> => {
    const port = await findFreePort(taken);
    taken.add(port);
    return port;
  };
  const nodes: NatsNode[] = [];
  while (nodes.length < count) {
    nodes.push({
      port: await choose(),
      websocketPort: await choose(),
      routePort: await choose(),
    });
  }
  return nodes;
}
