import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEdgeRuntime } from "../../local/edge-runtime.ts";
import { findFreePort } from "../../local/free-port.ts";
import { type NatsClusterOptions, prepareNatsCluster } from "../../local/nats-cluster.ts";
import { nodeScript } from "../../local/node-script.ts";
import type { Part } from "../../local/part.ts";
import { answersHttp } from "../../local/probes.ts";
import { startUpstashHttp } from "../../local/upstash-http.ts";
import { startTcpProxy, type TcpProxy } from "../chaos/tcp-proxy.ts";
import { type NatsCluster, startNatsCluster } from "../support/nats-cluster.ts";
import { startRedis } from "../support/redis.ts";
import { startService } from "../support/service.ts";
import { makeTempDir } from "../support/temp-dir.ts";

export const REGIONS = ["eu", "us", "ap"] as const;
export type Region = (typeof REGIONS)[number];

/** Milliseconds from one region to another, one way: about what the speed of light in fibre leaves of the distances. */
export const ONE_WAY_MS: Readonly<Record<string, number>> = {
  "eu-us": 40,
  "us-ap": 75,
  "eu-ap": 110,
};

export type RegionsOptions = {
  /** Without them all regions are one place: what the distances are compared with. */
  readonly hasDistances: boolean;
  /** A Redis in each region, or one in `eu`. */
  readonly hasRegionalRedis: boolean;
};

export interface Regions {
  readonly edgeUrls: Readonly<Record<Region, string>>;
  readonly cluster: NatsCluster;
  stop(): Promise<void>;
}

export const KEY_SECRET = "a secret of the regions, of 32 characters";
const TOKEN = "a token of the regions, of 32 characters";

/**
 * An edge and a nats-server in each of three regions, one stream replicated over them, the worker with DuckDB in `eu`. Every connection
 * that leaves a region goes through a proxy that holds back each byte for as long as the way takes.
 */
export async function startRegions(options: RegionsOptions): Promise<Regions> {
  const releases: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const release of releases.reverse()) await release();
  };
  const far = async (from: Region, to: Region, port: number): Promise<number> => {
    const delayMs = options.hasDistances ? oneWayMs(from, to) : 0;
    if (delayMs === 0) return port;
    const proxy: TcpProxy = await startTcpProxy(port);
    proxy.setMode({ kind: "delay", delayMs });
    releases.push(() => proxy.close());
    return proxy.port;
  };

  try {
    const cluster = await startNatsCluster((clusterOptions) => prepareFar(clusterOptions, far));
    releases.push(() => cluster.stop());
    const tempDir = await makeTempDir("regions");
    releases.push(() => tempDir.remove());

    const workerPort = await findFreePort();
    const worker = await startService(
      workerPart(workerPort, join(tempDir.path, "events.duckdb"), cluster),
      { path: join(tempDir.path, "worker"), remove: async () => {} },
    );
    releases.push(() => worker.stop());

    const startRedisHttp = async () => {
      const redis = await startRedis();
      releases.push(() => redis.stop());
      const http = await startUpstashHttp({ redisUrl: redis.url, token: TOKEN, port: 0 });
      releases.push(() => http.close());
      return Number(new URL(http.url).port);
    };
    const oneRedis = options.hasRegionalRedis ? undefined : await startRedisHttp();

    const edgeUrls: Partial<Record<Region, string>> = {};
    for (const [index, region] of REGIONS.entries()) {
      const redisPort = oneRedis ? await far(region, "eu", oneRedis) : await startRedisHttp();
      const miniflare = await startEdgeRuntime({
        root: ROOT,
        cacheDir: join(ROOT, ".wrangler", "local-bundles"),
        dataDir: join(tempDir.path, region),
        host: "127.0.0.1",
        port: 0,
        env: {
          KEY_SECRET,
          NATS_URL: cluster.servers[index]?.websocketUrl,
          NATS_USER: cluster.edge.user,
          NATS_PASSWORD: cluster.edge.password,
          UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${redisPort}`,
          UPSTASH_REDIS_REST_TOKEN: TOKEN,
          REDIS_TIMEOUT_MS: "2000",
          WORKER_URL: `http://127.0.0.1:${await far(region, "eu", workerPort)}`,
          WORKER_TOKEN: TOKEN,
        },
      });
      releases.push(() => miniflare.dispose());
      edgeUrls[region] = String(await miniflare.ready).replace(/\/$/, "");
    }
    return { edgeUrls: edgeUrls as Record<Region, string>, cluster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function oneWayMs(from: Region, to: Region): number {
  return ONE_WAY_MS[`${from}-${to}`] ?? ONE_WAY_MS[`${to}-${from}`] ?? 0;
}

/** Each server reaches the others through proxies, whichever of a pair connects first. */
async function prepareFar(
  options: NatsClusterOptions,
  far: (from: Region, to: Region, port: number) => Promise<number>,
): Promise<Part[]> {
  const parts = await prepareNatsCluster(options);
  for (const [index, part] of parts.entries()) {
    const path = part.args.at(-1) ?? "";
    let config = await readFile(path, "utf8");
    for (const [other, { routePort }] of options.nodes.entries()) {
      const [from = "eu", to = "eu"] = [REGIONS[index], REGIONS[other]];
      const port = await far(from, to, routePort);
      config = config
        .replace(`127.0.0.1:${routePort}",`, `127.0.0.1:${port}",`)
        .replace(`127.0.0.1:${routePort}"]`, `127.0.0.1:${port}"]`);
    }
    await writeFile(path, config);
  }
  return parts;
}

function workerPart(port: number, duckdbPath: string, cluster: NatsCluster): Part {
  return {
    name: "worker",
    ...nodeScript("../worker/main.ts"),
    env: {
      STORE: "duckdb",
      DUCKDB_PATH: duckdbPath,
      NATS_URL: cluster.servers[0]?.url ?? "",
      NATS_USER: cluster.worker.user,
      NATS_PASSWORD: cluster.worker.password,
      STREAM_REPLICAS: "3",
      STREAM_MAX_BYTES: String(256 * 1024 * 1024),
      WORKER_PORT: String(port),
      WORKER_TOKEN: TOKEN,
    },
    needs: [],
    isReady: (signal) => answersHttp(`http://127.0.0.1:${port}/readyz`, signal),
    readyTimeoutMs: 120_000,
    stopTimeoutMs: 12_000,
  };
}
