import { Agent, request } from "node:http";
import { startStack } from "../support/stack.ts";
import { createStackClient } from "../support/stack-client.ts";
import { report } from "./report.ts";
import { quantile, round } from "./statistics.ts";

const SAMPLES = 2_000;
const WARM_UP = 500;

/** An answer of 90 buckets, as a dashboard asks for it, and a small one; the range has ended, so that it stays in the cache. */
const QUESTIONS = [
  "/v1/stats/active-users?interval=day&from=2024-01-01&to=2024-04-01",
  "/v1/stats/top-events?from=2024-01-01&to=2024-04-01",
];

/** A read of statistics from the edge's cache beside `/healthz`, which reads nothing: one after the other on one connection. */
export async function benchCachedReads(): Promise<void> {
  const stack = await startStack();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const { readKey, waitUntilCounted } = await createStackClient(stack);
    await waitUntilCounted();
    const headers = { authorization: `Bearer ${readKey}` };
    const read = (path: string) => get(agent, stack.edge_url + path, headers);
    for (const path of QUESTIONS) {
      await read(path);
      const cached: number[] = [];
      const health: number[] = [];
      for (let index = 0; index < WARM_UP + SAMPLES; index += 1) {
        const beganMs = performance.now();
        await read("/healthz");
        const betweenMs = performance.now();
        const text = await read(path);
        const endedMs = performance.now();
        if (!text.includes('"cache":"hit"')) throw new Error(`Cannot compare: ${text.slice(-200)}`);
        if (index < WARM_UP) continue;
        health.push(betweenMs - beganMs);
        cached.push(endedMs - betweenMs);
      }
      report(`cached GET ${path}`, {
        "p50, ms": round(quantile(cached, 0.5), 3),
        p99: round(quantile(cached, 0.99), 3),
        "/healthz p50, ms": round(quantile(health, 0.5), 3),
        "its p99": round(quantile(health, 0.99), 3),
        "ratio of p50": round(quantile(cached, 0.5) / quantile(health, 0.5)),
      });
    }
  } finally {
    agent.destroy();
    await stack.stop();
  }
}

/** Node's plain client: fetch takes longer than what is measured here. */
function get(agent: Agent, url: string, headers: Record<string, string>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(url, { agent, headers }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      text += part;
    });
    response.on("end", () => {
      if (response.statusCode === 200) resolve(text);
      else reject(new Error(`Cannot read ${url}: ${response.statusCode} ${text}`));
    });
    response.on("error", reject);
  })
    .on("error", reject)
    .end();
  return promise;
}
