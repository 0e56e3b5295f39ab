import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EVENTS_STREAM } from "../../../contract/stream.ts";
import {
  type NatsClusterOptions,
  type NatsNode,
  prepareNatsCluster,
} from "../../../local/nats-cluster.ts";
import type { Part } from "../../../local/part.ts";
import { eventsStreamWish } from "../../../worker/streams.ts";
import { type NatsCluster, startNatsCluster } from "../../support/nats-cluster.ts";
import { openReplicatedStream, type ReplicatedStream } from "../../support/replicated-stream.ts";

let cluster: NatsCluster;
let stream: ReplicatedStream;

beforeAll(async () => {
  cluster = await startNatsCluster(prepareDeployed);
  stream = await openReplicatedStream(cluster);
});

afterAll(async () => {
  await stream?.close();
  await cluster?.stop();
});

it("deploy/nats-cluster.conf makes three servers of one cluster", async () => {
  const wish = eventsStreamWish({ maxBytes: 1_000_000, maxAgeHours: 1, replicas: 3 });
  const { cluster: members } = await stream.manager.streams.add({
    ...wish,
    subjects: ["events.>"],
  });
  expect(members?.name).toBe("sluice");
  await stream.leader();
  const info = await stream.manager.streams.info(EVENTS_STREAM);
  const names = [info.cluster?.leader, ...(info.cluster?.replicas ?? []).map(({ name }) => name)];
  expect(names.sort()).toEqual(["nats-1", "nats-2", "nats-3"]);
});

/** The files of docker compose in place of the generated ones: the same but for addresses and folders. */
async function prepareDeployed(options: NatsClusterOptions): Promise<Part[]> {
  const parts = await prepareNatsCluster(options);
  const routes = options.nodes.map(
    ({ routePort }) => `nats://cluster:${options.workerPassword}@127.0.0.1:${routePort}`,
  );
  return Promise.all(
    options.nodes.map(async (node, index) => {
      const part = parts[index];
      if (part === undefined) throw new Error("Cannot prepare server: the cluster has fewer parts");
      const folder = join(options.dataDir, `deploy-${part.name}`);
      await mkdir(folder);
      await writeFile(join(folder, "nats.conf"), await readMoved("nats.conf", folder, node));
      const configPath = join(folder, "nats-cluster.conf");
      await writeFile(configPath, await readMoved("nats-cluster.conf", folder, node));
      const env = {
        NATS_SERVER_NAME: part.name,
        NATS_EDGE_PASSWORD: options.edgePassword,
        NATS_WORKER_PASSWORD: options.workerPassword,
        NATS_CLUSTER_PASSWORD: options.workerPassword,
        NATS_ROUTES: JSON.stringify(routes),
      };
      return { ...part, args: ["--config", configPath], env };
    }),
  );
}

async function readMoved(name: string, folder: string, node: NatsNode): Promise<string> {
  const text = await readFile(new URL(`../../../deploy/${name}`, import.meta.url), "utf8");
  return text
    .replace("0.0.0.0:4222", `127.0.0.1:${node.port}`)
    .replace("0.0.0.0:8222", "127.0.0.1:0")
    .replace("0.0.0.0:8080", `127.0.0.1:${node.websocketPort}`)
    .replace("0.0.0.0:6222", `127.0.0.1:${node.routePort}`)
    .replace('"/data"', JSON.stringify(folder));
}
