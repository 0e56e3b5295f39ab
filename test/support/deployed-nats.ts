/** The NATS configuration of docker compose in place of the generated one: the same but for addresses and folders. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type NatsClusterOptions, prepareNatsCluster } from "../../local/nats-cluster.ts";
import { type NatsOptions, type NatsPorts, prepareNats } from "../../local/nats-server.ts";
import type { Part } from "../../local/part.ts";
import { type NatsService, startNats } from "./nats.ts";

const FILES = ["nats-accounts.conf", "nats.conf", "nats-cluster.conf"];

/** One server with deploy/nats.conf. */
export function startDeployedNats(): Promise<NatsService> {
  return startNats(prepareDeployed);
}

async function prepareDeployed(options: NatsOptions): Promise<Part> {
  const part = await prepareNats(options);
  return { ...part, args: ["--config", await moveTo(options.dataDir, part, options, "nats.conf")] };
}

/** Three servers with deploy/nats-cluster.conf. */
export async function prepareDeployedCluster(options: NatsClusterOptions): Promise<Part[]> {
  const parts = await prepareNatsCluster(options);
  const routes = options.nodes.map(
    ({ routePort }) => `nats://cluster:${options.clusterPassword}@127.0.0.1:${routePort}`,
  );
  return Promise.all(
    options.nodes.map(async (node, index) => {
      const part = parts[index];
      if (part === undefined) throw new Error("Cannot prepare server: the cluster has fewer parts");
      const configPath = await moveTo(options.dataDir, part, node, "nats-cluster.conf");
      const env = {
        ...part.env,
        NATS_SERVER_NAME: part.name,
        NATS_CLUSTER_PASSWORD: JSON.stringify(options.clusterPassword),
        NATS_ROUTES: JSON.stringify(routes),
      };
      return { ...part, args: ["--config", configPath], env };
    }),
  );
}

/** Answers the path of the file that the server is started with. Whoever includes another has the users in the other. */
async function moveTo(
  dataDir: string,
  part: Part,
  ports: NatsPorts & { readonly routePort?: number },
  main: string,
): Promise<string> {
  const folder = join(dataDir, `deploy-${part.name}`);
  await mkdir(folder);
  for (const name of FILES) {
    const text = await readFile(new URL(`../../deploy/${name}`, import.meta.url), "utf8");
    const moved = text
      .replace("0.0.0.0:4222", `127.0.0.1:${ports.port}`)
      .replace("127.0.0.1:8222", "127.0.0.1:0")
      .replace("0.0.0.0:8080", `127.0.0.1:${ports.websocketPort}`)
      .replace("0.0.0.0:6222", `127.0.0.1:${ports.routePort}`)
      .replace('"/data"', JSON.stringify(folder));
    await writeFile(join(folder, name), moved);
  }
  return join(folder, main);
}
