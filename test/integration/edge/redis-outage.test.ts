import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";
import { createEvents, type EdgeProcess, idsOf, startEdge } from "./edge-process.ts";
import { type EventsStream, openEventsStream } from "./events-stream.ts";
import { type SlowProxy, startSlowProxy } from "./slow-proxy.ts";

const TOKEN = "test-token";
const METRICS_TOKEN = "a token for metrics";

let nats: NatsService;
let stream: EventsStream;
let redis: RedisService;
let upstash: LoopbackServer;
let proxy: SlowProxy;
let edge: EdgeProcess;

beforeAll(async () => {
  nats = await startNats();
  stream = await openEventsStream(nats);
  await stream.create();
  redis = await startRedis();
  upstash = await startUpstashHttp({ redisUrl: redis.url, token: TOKEN, port: 0 });
  proxy = await startSlowProxy(upstash.url);
  edge = await startEdge(nats, {
    UPSTASH_REDIS_REST_URL: proxy.url,
    UPSTASH_REDIS_REST_TOKEN: TOKEN,
    // Far above what a Redis that is well takes on a busy machine, far below what a slow one does.
    REDIS_TIMEOUT_MS: "1500",
    METRICS_TOKEN,
  });
});

afterAll(async () => {
  await edge?.stop();
  await proxy?.close();
  await upstash?.close();
  await redis?.stop();
  await stream?.connection.close();
  await nats?.stop();
});

const OUTAGES: readonly [string, () => unknown, () => unknown][] = [
  ["is stopped", () => redis.kill(), () => redis.restart()],
  [
    "is frozen",
    () => process.kill(redis.pid(), "SIGSTOP"),
    () => process.kill(redis.pid(), "SIGCONT"),
  ],
  ["answers after 5 s", () => proxy.delayAnswers(5_000), () => proxy.delayAnswers(0)],
];

describe("The edge while Redis", () => {
  it.each(OUTAGES)("%s", async (name, begin, end) => {
    const projectId = name.replaceAll(" ", "-");
    const bodies: Record<string, unknown>[][] = [];
    const post = async (count: number): Promise<Response> => {
      const events = createEvents(count);
      bodies.push(events);
      const response = await edge.post(projectId, events);
      expect(response.status).toBe(202);
      return response;
    };
    const logged = await countLogs();
    await poll("a request that Redis answers", async () => !isDegraded(await post(1)));
    expect(await breakerState()).toBe(0);

    await begin();
    try {
      await poll(
        "an open circuit",
        async () => isDegraded(await post(2)) && (await breakerState()) === 2,
      );
      const asked = proxy.count();
      const responses = await Promise.all(Array.from({ length: 40 }, () => post(2)));
      expect(responses.every(isDegraded)).toBe(true);
      // The probes of an open circuit: after 1, 2, 4, 8, 10, 10 … seconds.
      expect(proxy.count() - asked).toBeLessThan(8);
      expect(responses[0]?.headers.get("ratelimit")).toBeNull();
    } finally {
      await end();
    }
    const repeated = bodies.flat();
    await poll("a request that Redis answers", async () => !isDegraded(await post(1)), 30_000);
    expect(await breakerState()).toBe(0);

    // With a new event the stream cannot tell that it is a repeat: Redis does, which was told after the outage.
    await poll("the marks of the outage", async () => {
      const response = await edge.post(projectId, [...repeated, ...createEvents(1)]);
      const { duplicate } = (await response.json()) as { duplicate: number };
      return duplicate === repeated.length;
    });
    const stored = await stream.storedIds(projectId);
    for (const id of bodies.flatMap(idsOf)) expect(stored).toContain(id);
    expect(await countLogs()).toEqual({ began: logged.began + 1, ended: logged.ended + 1 });
  });
});

function isDegraded(response: Response): boolean {
  return response.headers.get("sluice-degraded") === "redis";
}

async function breakerState(): Promise<number> {
  const response = await fetch(`${edge.url}/metrics`, {
    headers: { authorization: `Bearer ${METRICS_TOKEN}` },
  });
  const [, value] = /^sluice_redis_breaker_state (\d)$/m.exec(await response.text()) ?? [];
  return Number(value);
}

async function countLogs(): Promise<{ began: number; ended: number }> {
  const log = await readFile(edge.logPath, "utf8");
  const count = (message: string) => log.split(message).length - 1;
  return {
    began: count("redis does not answer: requests pass without it"),
    ended: count("redis answers again"),
  };
}
