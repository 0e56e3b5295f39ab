import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NATS_EDGE_USER, NATS_WORKER_USER, prepareNats } from "./nats-server.ts";
import type { Part } from "./part.ts";
import type { Ports } from "./ports.ts";
import { answersHttp, answersSql, answersStatus } from "./probes.ts";
import { prepareRedis, redisUrl } from "./redis-server.ts";
import type { Secrets } from "./secrets.ts";

export interface StackOptions {
  readonly dataDir: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** Ports that connections go to instead of the part's own: a proxy's, which a test has put in between. */
  readonly detours?: Partial<Links>;
}

/** Each connection between two parts, with the port that it goes to. */
export type Links = Readonly<
  Record<
    | "edge-redis"
    | "edge-nats"
    | "edge-database"
    | "edge-worker"
    | "upstash-redis"
    | "neon-database"
    | "worker-nats"
    | "worker-database",
    number
  >
>;

export function linksOf(ports: Ports): Links {
  return {
    "edge-redis": ports.upstashHttp,
    "edge-nats": ports.natsWebsocket,
    "edge-database": ports.neonHttp,
    "edge-worker": ports.worker,
    "upstash-redis": ports.redis,
    "neon-database": ports.database,
    "worker-nats": ports.nats,
    "worker-database": ports.database,
  };
}

export interface StackUrls {
  readonly edge_url: string;
  readonly worker_url: string;
  readonly database_url: string;
  readonly nats_url: string;
  readonly redis_url: string;
}

export interface Stack {
  /** In the order of dependency. */
  readonly parts: readonly Part[];
  readonly urls: StackUrls;
}

/** All that `npm start` runs. */
export async function createStack(options: StackOptions): Promise<Stack> {
  const { dataDir, ports, secrets, detours = {} } = options;
  const links = { ...linksOf(ports), ...detours };
  const databaseUrl = databaseUrlOf(ports.database);
  const workerUrl = `http://127.0.0.1:${ports.worker}`;
  const edgeUrl = `http://127.0.0.1:${ports.edge}`;

  const redis = await prepareRedis({ dataDir, port: ports.redis });
  const nats = await prepareNats({
    dataDir,
    port: ports.nats,
    websocketPort: ports.natsWebsocket,
    edgePassword: secrets.natsEdgePassword,
    workerPassword: secrets.natsWorkerPassword,
  });
  const database = timescalePart(dataDir, ports.database);
  const upstashHttp = upstashHttpPart(ports, links, secrets.upstashToken);
  const neonHttp = neonHttpPart(ports, links);

  const worker: Part = {
    name: "worker",
    ...nodeScript("../worker/main.ts"),
    env: {
      DATABASE_URL: databaseUrlOf(links["worker-database"]),
      NATS_URL: `nats://127.0.0.1:${links["worker-nats"]}`,
      NATS_USER: NATS_WORKER_USER,
      NATS_PASSWORD: secrets.natsWorkerPassword,
      WORKER_HOST: "127.0.0.1",
      WORKER_PORT: String(ports.worker),
      WORKER_TOKEN: secrets.workerToken,
    },
    needs: [nats.name, database.name],
    isReady: (signal) => answersHttp(`${workerUrl}/readyz`, signal),
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 12_000,
  };
  const edge: Part = {
    name: "edge",
    ...nodeScript("edge-runtime.ts", "--port", ports.edge, "--data-dir", dataDir),
    env: {
      DATABASE_URL: databaseUrl,
      KEY_SECRET: secrets.keySecret,
      METRICS_TOKEN: secrets.metricsToken,
      NATS_URL: `ws://127.0.0.1:${links["edge-nats"]}`,
      NATS_USER: NATS_EDGE_USER,
      NATS_PASSWORD: secrets.natsEdgePassword,
      NEON_FETCH_ENDPOINT: `http://127.0.0.1:${links["edge-database"]}/sql`,
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${links["edge-redis"]}`,
      UPSTASH_REDIS_REST_TOKEN: secrets.upstashToken,
      WORKER_TOKEN: secrets.workerToken,
      WORKER_URL: `http://127.0.0.1:${links["edge-worker"]}`,
    },
    // It bundles while the others start, and is ready only once it reaches them.
    needs: [],
    isReady: (signal) => answersStatus(`${edgeUrl}/readyz`, signal, "ready"),
    readyTimeoutMs: 180_000,
    stopTimeoutMs: 5_000,
  };

  return {
    parts: [redis, nats, database, upstashHttp, neonHttp, worker, edge],
    urls: {
      edge_url: edgeUrl,
      worker_url: workerUrl,
      database_url: databaseUrl,
      nats_url: `nats://${NATS_WORKER_USER}:${secrets.natsWorkerPassword}@127.0.0.1:${ports.nats}`,
      redis_url: redisUrl(ports.redis),
    },
  };
}

/** The embedded database lets in whoever reaches it; Neon's driver insists on a password. */
export function databaseUrlOf(port: number): string {
  return `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
}

export function timescalePart(dataDir: string, port: number): Part {
  const folder = join(dataDir, "timescale");
  return {
    name: "database",
    ...nodeScript("timescale/embedded-timescale.ts", "--data-dir", folder, "--port", port),
    needs: [],
    isReady: () => answersSql(databaseUrlOf(port)),
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 15_000,
  };
}

function upstashHttpPart({ upstashHttp }: Ports, links: Links, token: string): Part {
  return {
    name: "upstash-http",
    ...nodeScript(
      "upstash-http.ts",
      "--port",
      upstashHttp,
      "--redis-url",
      redisUrl(links["upstash-redis"]),
    ),
    env: { UPSTASH_TOKEN: token },
    needs: ["redis"],
    isReady: (signal) =>
      answersHttp(`http://127.0.0.1:${upstashHttp}`, signal, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: '["PING"]',
      }),
    readyTimeoutMs: 20_000,
    stopTimeoutMs: 5_000,
  };
}

function neonHttpPart({ neonHttp }: Ports, links: Links): Part {
  const databaseUrl = databaseUrlOf(links["neon-database"]);
  return {
    name: "neon-http",
    ...nodeScript("neon-http.ts", "--port", neonHttp, "--database-url", databaseUrl),
    needs: ["database"],
    isReady: (signal) =>
      answersHttp(`http://127.0.0.1:${neonHttp}/sql`, signal, {
        method: "POST",
        headers: { "neon-connection-string": databaseUrl, "content-type": "application/json" },
        body: JSON.stringify({ query: "select 1", params: [] }),
      }),
    readyTimeoutMs: 20_000,
    stopTimeoutMs: 5_000,
  };
}

function nodeScript(
  script: string,
  ...args: readonly (string | number)[]
): Pick<Part, "command" | "args"> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return {
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", path, ...args.map(String)],
  };
}
