import { join } from "node:path";
import type { Detour, LinkName } from "./detour.ts";
import { type EdgeRuntime, edgePart } from "./edge-part.ts";
import { type NatsNode, prepareNatsCluster } from "./nats-cluster.ts";
import {
  NATS_EDGE_USER,
  NATS_OPERATOR_USER,
  NATS_WORKER_USER,
  prepareNats,
} from "./nats-server.ts";
import { nodeScript } from "./node-script.ts";
import type { Part } from "./part.ts";
import type { Ports } from "./ports.ts";
import { answersHttp } from "./probes.ts";
import { prepareRedis, redisUrl } from "./redis-server.ts";
import type { Secrets } from "./secrets.ts";
import { prepareStore, type StoreName } from "./store-parts.ts";

export interface StackOptions {
  readonly dataDir: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** Where events are kept, TimescaleDB by default. */
  readonly store?: StoreName;
  /** What the edge runs on, workerd by default. */
  readonly edge?: EdgeRuntime;
  /** Several NATS servers with replicated streams, in place of one. */
  readonly natsNodes?: readonly NatsNode[];
  /** To which port a connection goes instead of the part's own: a proxy's, which a test puts in between. */
  readonly detour?: Detour;
}

export interface StackUrls {
  readonly edge_url: string;
  readonly worker_url: string;
  /** Where events are kept, if that is a server. */
  readonly database_url?: string;
  /** With the operator's user and password. */
  readonly nats_url: string;
  readonly redis_url: string;
  /** The same Redis as the edge speaks to it; its token is in secrets.json. */
  readonly upstash_url: string;
}

export interface Stack {
  /** In the order of dependency. */
  readonly parts: readonly Part[];
  readonly urls: StackUrls;
}

/** The stack's users have passwords, whatever our own environment holds: empty is none. */
const NO_CREDS = { NATS_CREDS: "", NATS_CREDS_FILE: "" };

/** All that `npm start` runs. */
export async function createStack(options: StackOptions): Promise<Stack> {
  const { dataDir, ports, secrets, natsNodes, store: storeName = "timescale" } = options;
  const { edge: edgeRuntime = "workerd" } = options;
  const detour: Detour = options.detour ?? (async (_link, port) => port);
  const workerUrl = `http://127.0.0.1:${ports.worker}`;
  const edgeUrl = `http://127.0.0.1:${ports.edge}`;

  const redis = await prepareRedis({
    dataDir,
    port: ports.redis,
    password: secrets.redisPassword,
  });
  const passwords = {
    edge: secrets.natsEdgePassword,
    worker: secrets.natsWorkerPassword,
    operator: secrets.natsOperatorPassword,
  };
  const single = { port: ports.nats, websocketPort: ports.natsWebsocket };
  const natsPorts = natsNodes ?? [single];
  const nats =
    natsNodes === undefined
      ? [await prepareNats({ dataDir, ...single, passwords })]
      : await prepareNatsCluster({
          dataDir,
          nodes: natsNodes,
          passwords,
          clusterPassword: secrets.natsClusterPassword,
        });
  const store = await prepareStore(storeName, { dataDir, ports, detour, env: process.env });
  const upstashHttp = upstashHttpPart(
    ports.upstashHttp,
    redisUrl(await detour("upstash-redis", ports.redis), secrets.redisPassword),
    secrets.upstashToken,
  );
  const natsLink = (from: "edge" | "worker", index: number): LinkName =>
    natsNodes === undefined ? `${from}-nats` : `${from}-nats-${index + 1}`;
  const workerNats = natsPorts.map(({ port }, index) => detour(natsLink("worker", index), port));
  const edgeNats = natsPorts.map(({ port, websocketPort }, index) =>
    detour(natsLink("edge", index), edgeRuntime === "node" ? port : websocketPort),
  );

  const worker: Part = {
    name: "worker",
    ...nodeScript("../worker/main.ts"),
    env: {
      ...store.workerEnv,
      ENVIRONMENT: "development",
      SCRATCH_DIR: join(dataDir, "scratch"),
      NATS_URL: urlsOf("nats://", await Promise.all(workerNats)),
      NATS_USER: NATS_WORKER_USER,
      NATS_PASSWORD: secrets.natsWorkerPassword,
      ...NO_CREDS,
      STREAM_REPLICAS: String(natsPorts.length),
      WORKER_HOST: "127.0.0.1",
      WORKER_PORT: String(ports.worker),
      WORKER_TOKEN: secrets.workerToken,
      METRICS_TOKEN: secrets.metricsToken,
    },
    needs: [...nats, ...store.parts.slice(0, 1)].map(({ name }) => name),
    isReady: (signal) => answersHttp(`${workerUrl}/readyz`, signal),
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 12_000,
  };
  const edge = edgePart({
    runtime: edgeRuntime,
    port: ports.edge,
    dataDir,
    behind: [...nats, upstashHttp, worker],
    env: {
      ...store.edgeEnv,
      ENVIRONMENT: "development",
      KEY_SECRET: secrets.keySecret,
      // Empty is none, whatever our own environment holds.
      KEY_SECRET_PREVIOUS: secrets.keySecretPrevious ?? "",
      METRICS_TOKEN: secrets.metricsToken,
      NATS_URL: urlsOf(edgeRuntime === "node" ? "nats://" : "ws://", await Promise.all(edgeNats)),
      NATS_USER: NATS_EDGE_USER,
      NATS_PASSWORD: secrets.natsEdgePassword,
      ...NO_CREDS,
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${await detour("edge-redis", ports.upstashHttp)}`,
      UPSTASH_REDIS_REST_TOKEN: secrets.upstashToken,
      WORKER_TOKEN: secrets.workerToken,
      WORKER_URL: `http://127.0.0.1:${await detour("edge-worker", ports.worker)}`,
    },
  });

  return {
    parts: [redis, ...nats, ...store.parts, upstashHttp, worker, edge],
    urls: {
      edge_url: edgeUrl,
      worker_url: workerUrl,
      ...(store.databaseUrl === undefined ? {} : { database_url: store.databaseUrl }),
      nats_url: urlsOf(
        `nats://${NATS_OPERATOR_USER}:${secrets.natsOperatorPassword}@`,
        natsPorts.map(({ port }) => port),
      ),
      redis_url: redisUrl(ports.redis, secrets.redisPassword),
      upstash_url: `http://127.0.0.1:${ports.upstashHttp}`,
    },
  };
}

/** One after another, as clients of a cluster take them. */
function urlsOf(prefix: string, ports: readonly number[]): string {
  return ports.map((port) => `${prefix}127.0.0.1:${port}`).join(",");
}

function upstashHttpPart(port: number, redisUrl: string, token: string): Part {
  return {
    name: "upstash-http",
    ...nodeScript("upstash-http.ts", "--port", port),
    env: { REDIS_URL: redisUrl, UPSTASH_TOKEN: token },
    needs: ["redis"],
    isReady: (signal) =>
      answersHttp(`http://127.0.0.1:${port}`, signal, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: '["PING"]',
      }),
    readyTimeoutMs: 20_000,
    stopTimeoutMs: 5_000,
  };
}
