import { Agent, request } from "node:http";
import { Redis } from "ioredis";
import { createKey } from "../../contract/key.ts";
import { EDGE_RUNTIMES, type EdgeRuntime, edgePart } from "../../local/edge-part.ts";
import { findFreePort } from "../../local/free-port.ts";
import { nodeScript } from "../../local/node-script.ts";
import { answersHttp } from "../../local/probes.ts";
import { type EventsStream, openEventsStream } from "../integration/edge/events-stream.ts";
import { type NatsService, startNats } from "../support/nats.ts";
import { type RedisService, startRedis } from "../support/redis.ts";
import { type Service, startService } from "../support/service.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { createBenchEvents } from "./bench-events.ts";
import { cpuMsOf, findDescendant, residentMiBOf } from "./process-usage.ts";
import { report } from "./report.ts";
import { median, round, spread } from "./statistics.ts";

/** Requests a round for each batch size: enough that the CPU time is far above the clock's 10 ms. */
const BATCHES = [
  { size: 1, requests: 1_000 },
  { size: 100, requests: 200 },
  { size: 1_000, requests: 40 },
];
const ROUNDS = 7;
const CONCURRENCY = 16;
const STREAM_BYTES = 4_000_000_000;
const KEY_SECRET = "a secret of at least 32 characters";
const TOKEN = "upstash-token";

type Edge = { readonly url: string; readonly pid: number; readonly service: Service };
type Measured = { readonly perSecond: number; readonly cpuMs: number };

/**
 * The edge on workerd beside the edge on Node, by turns, on the same NATS and Redis, with nothing that stores or reads: what either
 * accepts, and the CPU time that its process takes for a request.
 */
export async function benchEdgeRuntimes(): Promise<void> {
  const nats = await startNats();
  const redis = await startRedis();
  const upstash = await startUpstash(redis);
  const client = new Redis(redis.url);
  const stream = await openEventsStream(nats);
  const edges = new Map<EdgeRuntime, Edge>();
  try {
    for (const runtime of EDGE_RUNTIMES) {
      edges.set(runtime, await startEdge(runtime, nats, upstash.url));
    }
    for (const { size, requests } of BATCHES) {
      await stream.remove();
      await stream.create(STREAM_BYTES);
      await client.flushall();
      tell(`batches of ${size}`, size, await measureByTurns(edges, size, requests));
    }
    await nats.kill();
    tell("NATS away, batches of 1", 1, await measureByTurns(edges, 1, 500));
    for (const [runtime, { pid }] of edges) {
      report(`edge on ${runtime}`, { "resident, MiB": residentMiBOf(pid) });
    }
  } finally {
    for (const { service } of edges.values()) await service.stop();
    await close(stream);
    client.disconnect();
    await upstash.service.stop();
    await redis.stop();
    await nats.stop();
  }
}

async function measureByTurns(
  edges: ReadonlyMap<EdgeRuntime, Edge>,
  size: number,
  requests: number,
): Promise<Map<EdgeRuntime, Measured[]>> {
  const measured = new Map<EdgeRuntime, Measured[]>(EDGE_RUNTIMES.map((name) => [name, []]));
  for (let index = 0; index <= ROUNDS; index += 1) {
    for (const [runtime, edge] of edges) {
      const result = await measure(edge, size, requests);
      // The first round warms both up.
      if (index > 0) measured.get(runtime)?.push(result);
    }
  }
  return measured;
}

async function measure({ url, pid }: Edge, size: number, requests: number): Promise<Measured> {
  const bodies = Array.from({ length: requests }, () =>
    Buffer.from(JSON.stringify(createBenchEvents(size))),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const beforeMs = cpuMsOf(pid);
  const beganMs = performance.now();
  let next = 0;
  const post = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const status = await postBody(`${url}/v1/events`, agent, body);
      if (status !== 202) throw new Error(`Cannot post: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, post));
  const seconds = (performance.now() - beganMs) / 1_000;
  const cpuMs = (cpuMsOf(pid) - beforeMs) / requests;
  agent.destroy();
  return { perSecond: requests / seconds, cpuMs };
}

const KEY = createKey({ scope: "w", projectId: "bench", kid: "k1" }, KEY_SECRET);

/** As little work as possible: the sender shares the processors with what is measured. */
function postBody(url: string, agent: Agent, body: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${KEY}`,
      "content-type": "application/json",
      "content-length": body.byteLength,
    };
    const sending = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
    });
    sending.once("error", reject);
    sending.end(body);
  });
}

function tell(what: string, size: number, measured: ReadonlyMap<EdgeRuntime, Measured[]>): void {
  const of = (runtime: EdgeRuntime) => measured.get(runtime) ?? [];
  for (const runtime of EDGE_RUNTIMES) {
    report(`edge on ${runtime}, ${what}`, {
      "requests/s": spread(
        of(runtime).map(({ perSecond }) => perSecond),
        0,
      ),
      "events/s": round(median(of(runtime).map(({ perSecond }) => perSecond)) * size, 0),
      "CPU ms/request": spread(of(runtime).map(({ cpuMs }) => cpuMs)),
      "CPU µs/event": round((median(of(runtime).map(({ cpuMs }) => cpuMs)) * 1_000) / size, 1),
    });
  }
  const ratio = (read: (one: Measured) => number) => {
    const [workerd, node] = [of("workerd"), of("node")];
    return spread(node.map((one, index) => read(one) / read(workerd[index] ?? one)));
  };
  report(`node over workerd, ${what}`, {
    throughput: ratio(({ perSecond }) => perSecond),
    CPU: ratio(({ cpuMs }) => cpuMs),
  });
}

async function startEdge(
  runtime: EdgeRuntime,
  nats: NatsService,
  upstashUrl: string,
): Promise<Edge> {
  const tempDir = await makeTempDir(`edge-${runtime}`);
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const part = edgePart({
    runtime,
    port,
    dataDir: tempDir.path,
    behind: [],
    env: {
      KEY_SECRET,
      NATS_URL: runtime === "node" ? nats.url : nats.websocketUrl,
      NATS_USER: nats.edge.user,
      NATS_PASSWORD: nats.edge.password,
      UPSTASH_REDIS_REST_URL: upstashUrl,
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
      // Nobody reads.
      WORKER_URL: "http://127.0.0.1:1",
      WORKER_TOKEN: "the token of nobody",
      REDIS_TIMEOUT_MS: "5000",
      RATE_LIMIT_EVENTS_PER_SECOND: "10000000",
      RATE_LIMIT_BURST_EVENTS: "10000000",
      RATE_LIMIT_REQUESTS_PER_SECOND: "1000000",
      RATE_LIMIT_BURST_REQUESTS: "1000000",
    },
  });
  const isReady = (signal: AbortSignal) => answersHttp(`${url}/healthz`, signal);
  const service = await startService({ ...part, isReady }, tempDir);
  const pid = runtime === "node" ? service.pid() : findDescendant(service.pid(), "workerd");
  return { url, pid, service };
}

/** As a process of its own, as in the local stack. */
async function startUpstash(redis: RedisService): Promise<{ url: string; service: Service }> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const service = await startService(
    {
      name: "upstash-http",
      ...nodeScript("upstash-http.ts", "--port", port),
      env: { REDIS_URL: redis.url, UPSTASH_TOKEN: TOKEN },
      needs: [],
      // It answers without its token, too: that it wants one.
      isReady: async (signal) => (await fetch(url, { signal })).status > 0,
      readyTimeoutMs: 20_000,
      stopTimeoutMs: 5_000,
    },
    await makeTempDir("upstash"),
  );
  return { url, service };
}

/** Its server may be gone. */
async function close({ connection }: EventsStream): Promise<void> {
  await connection.close();
}
