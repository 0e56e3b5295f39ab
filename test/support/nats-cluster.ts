import { findFreePort } from "../../local/free-port.ts";
import { type NatsNode, prepareNatsCluster } from "../../local/nats-cluster.ts";
import {
  NATS_LOGINS,
  NATS_PASSWORDS,
  type NatsLogins,
  type NatsService,
  toNatsService,
} from "./nats.ts";
import { addTester } from "./nats-tester.ts";
import { startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface NatsCluster extends NatsLogins {
  /** Each can be killed and started again by itself. */
  readonly servers: readonly NatsService[];
  /** All of them, for the worker's client. */
  readonly url: string;
  /** All of them, for the edge's client. */
  readonly websocketUrl: string;
  stop(): Promise<void>;
}

/** Three nats-servers with JetStream, WebSocket and the users of the stack. */
export async function startNatsCluster(prepare = prepareNatsCluster): Promise<NatsCluster> {
  const tempDir = await makeTempDir("nats-cluster");
  const nodes = await chooseNodes(3);
  const parts = await prepare({
    dataDir: tempDir.path,
    nodes,
    passwords: NATS_PASSWORDS,
    clusterPassword: "cluster-password",
  });
  await Promise.all(parts.map(addTester));
  // The folder is shared: it goes when the last server has ended.
  const keptDir = { path: tempDir.path, remove: async () => {} };
  const starting = await Promise.allSettled(parts.map((part) => startService(part, keptDir)));
  const services = starting.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.stop()));
    await tempDir.remove();
  };
  const failed = starting.find((start) => start.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const servers = nodes.flatMap((node, index) => {
    const service = services[index];
    return service === undefined ? [] : [toNatsService(service, node)];
  });
  return {
    servers,
    url: servers.map(({ url }) => url).join(","),
    websocketUrl: servers.map(({ websocketUrl }) => websocketUrl).join(","),
    ...NATS_LOGINS,
    stop,
  };
}

async function chooseNodes(count: number): Promise<NatsNode[]> {
  const taken = new Set<number>();
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
