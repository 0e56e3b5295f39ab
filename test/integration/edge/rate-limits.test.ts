import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";
import { createEvents, type EdgeProcess, idsOf, KEY_SECRET, startEdge } from "./edge-process.ts";
import { type EventsStream, openEventsStream } from "./events-stream.ts";

const TOKEN = "test-token";
const METRICS_TOKEN = "a token for metrics";
/** One in a quarter of an hour: none comes back while a test runs. */
const FLOODED = "flooded";
const DAILY = "daily";
const LEFT_ALONE = "left-alone";
const READER = "reader";
const PROJECT_LIMITS = {
  [FLOODED]: { requests_per_second: 1, burst_requests: 20 },
  [DAILY]: { requests_per_day: 5 },
  [LEFT_ALONE]: { requests_per_day: 5 },
  [READER]: { query_units_per_second: 1, burst_query_units: 40 },
};

let nats: NatsService;
let stream: EventsStream;
let redis: RedisService;
let upstash: LoopbackServer;
let edges: EdgeProcess[] = [];

beforeAll(async () => {
  nats = await startNats();
  stream = await openEventsStream(nats);
  await stream.create();
  redis = await startRedis();
  upstash = await startUpstashHttp({ redisUrl: redis.url, token: TOKEN, port: 0 });
  const settings = {
    UPSTASH_REDIS_REST_URL: upstash.url,
    UPSTASH_REDIS_REST_TOKEN: TOKEN,
    // Far above what a Redis that is well takes on a busy machine.
    REDIS_TIMEOUT_MS: "5000",
    METRICS_TOKEN,
    PROJECT_LIMITS: JSON.stringify(PROJECT_LIMITS),
  };
  // One after the other: the second finds the first one's bundle.
  edges = [await startEdge(nats, settings), await startEdge(nats, settings)];
});

afterAll(async () => {
  await Promise.all(edges.map((edge) => edge.stop()));
  await upstash?.close();
  await redis?.stop();
  await stream?.connection.close();
  await nats?.stop();
});

describe("Edges with PROJECT_LIMITS", () => {
  it("pass no more than a project may send to all of them, store nothing else, and leave others alone", async () => {
    const startedMs = Date.now();
    const bodies = Array.from({ length: 120 }, () => createEvents(2));
    const flood = Promise.all(
      bodies.map((events, index) => edgeOf(index).post(FLOODED, events).then(readAnswer)),
    );
    const others = Promise.all(
      Array.from({ length: 30 }, (_, index) => edgeOf(index).post("calm", createEvents(1))),
    );
    const answers = await flood;
    const elapsedSeconds = (Date.now() - startedMs) / 1_000;
    const accepted = answers.filter(({ status }) => status === 202);
    expect(accepted.length).toBeGreaterThanOrEqual(20);
    expect(accepted.length).toBeLessThanOrEqual(20 + elapsedSeconds + 1);
    for (const { status, problem, headers } of answers) {
      expect(headers.get("ratelimit-policy")).toContain('"requests";q=20;w=20;qu="requests"');
      if (status === 202) continue;
      expect(status).toBe(429);
      expect(problem).toMatchObject({
        type: "/problems/rate-limited",
        "violated-policies": ["requests"],
      });
      expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
    expect((await others).map(({ status }) => status)).toEqual(Array(30).fill(202));

    const stored = await stream.storedIds(FLOODED);
    const acceptedIds = bodies.flatMap((events, index) =>
      answers[index]?.status === 202 ? idsOf(events) : [],
    );
    expect([...stored].sort()).toEqual(acceptedIds.sort());
    const refused = await sumOf("sluice_rate_limited_total", "requests");
    expect(refused).toBe(answers.length - accepted.length);
  });

  it("count a quota over all of them, and say until when it is used up", async () => {
    const post = async (index: number) =>
      readAnswer(await edgeOf(index).post(DAILY, createEvents(1)));
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => post(index)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(5);
    const { problem, headers } = await post(0);
    expect(problem).toMatchObject({
      type: "/problems/quota-exceeded",
      status: 429,
      "violated-policies": ["requests-per-day"],
    });
    const retrySeconds = Number(headers.get("retry-after"));
    const midnightSeconds = 86_400 - ((Date.now() / 1_000) % 86_400);
    expect(Math.abs(retrySeconds - midnightSeconds)).toBeLessThan(60);
    expect(headers.get("ratelimit")).toContain('"requests-per-day";r=0;t=');
  });

  it("count what is read over all of them", async () => {
    const key = createKey({ scope: "r", projectId: READER, kid: "k1" }, KEY_SECRET);
    // The store is away, and was asked all the same: it is what costs.
    const read = async (index: number) => {
      const headers = { authorization: `Bearer ${key}` };
      return readAnswer(await fetch(`${edgeOf(index).url}/v1/events`, { headers }));
    };
    const pages = [];
    for (let index = 0; index < 40; index += 1) pages.push(await read(index));
    const limited = pages.filter(({ status }) => status === 429);
    expect(pages.length - limited.length).toBeGreaterThanOrEqual(20);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.problem).toMatchObject({
      type: "/problems/rate-limited",
      "violated-policies": ["queries"],
    });
    expect(limited[0]?.headers.get("ratelimit-policy")).toBe(
      '"queries";q=40;w=40;qu="query-units"',
    );
  });

  it("limit nobody while Redis is away, and count it", async () => {
    const postTimes = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, index) =>
          edgeOf(index).post(LEFT_ALONE, createEvents(1)),
        ),
      );
    await postTimes(5);
    const before = await sumOf("sluice_rate_limit_unchecked_total", "ingest");
    await redis.kill();
    try {
      const answers = await postTimes(10);
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
      expect(answers.every(({ headers }) => headers.get("sluice-degraded") === "redis")).toBe(true);
      expect(await sumOf("sluice_rate_limit_unchecked_total", "ingest")).toBe(before + 10);
    } finally {
      await redis.restart();
    }
    const isLimited = async () => {
      const { status } = await edgeOf(0).post(LEFT_ALONE, createEvents(1));
      return status === 429;
    };
    await poll("the quota again", isLimited, 30_000);
  });
});

// On Node there is no coarse gate.
describe.runIf(inject("edgeRuntime") === "workerd")("An edge with LOCAL_GATES", () => {
  it("counts by Cloudflare's binding, as Miniflare stands in for it", async () => {
    const gates = { PROJECT_GATE: 3, REFUSED_KEYS_GATE: 3 };
    const edge = await startEdge(nats, {
      LOCAL_GATES: JSON.stringify(gates),
      METRICS_TOKEN,
    });
    try {
      // A window of 10 s may end meanwhile, and more pass.
      const posts = await Promise.all(
        Array.from({ length: 12 }, () => edge.post("gated", createEvents(1)).then(readAnswer)),
      );
      const gated = posts.filter(({ status }) => status === 429);
      expect(gated.length).toBeGreaterThan(0);
      expect(gated[0]?.problem).toMatchObject({ "violated-policies": ["project-gate"] });
      expect(gated[0]?.headers.get("retry-after")).toBe("10");
      expect((await edge.post("calm", createEvents(1))).status).toBe(202);

      const guess = async () => {
        const key = createKey({ scope: "w", projectId: "calm", kid: "k1" }, randomUUID());
        const headers = { authorization: `Bearer ${key}` };
        const response = await fetch(`${edge.url}/v1/events`, { method: "POST", headers });
        return readAnswer(response);
      };
      const guesses = await Promise.all(Array.from({ length: 12 }, guess));
      const refused = guesses.filter(({ status }) => status === 429);
      expect(guesses.every(({ status }) => status === 401 || status === 429)).toBe(true);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]?.problem).toMatchObject({ "violated-policies": ["refused-keys"] });
      // Known to be good.
      expect((await edge.post("calm", createEvents(1))).status).toBe(202);
    } finally {
      await edge.stop();
    }
  });
});

function edgeOf(index: number): EdgeProcess {
  const edge = edges[index % edges.length];
  if (edge === undefined) throw new Error("no edge");
  return edge;
}

async function readAnswer(response: Response) {
  const { status, headers } = response;
  return { status, headers, problem: await response.json() };
}

/** Of all edges: each counts by itself. */
async function sumOf(metric: string, label: string): Promise<number> {
  const values = edges.map(async ({ url }) => {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    const text = await (await fetch(`${url}/metrics`, { headers })).text();
    const [, value] = new RegExp(`^${metric}\\{\\w+="${label}"\\} (\\d+)$`, "m").exec(text) ?? [];
    return Number(value);
  });
  return (await Promise.all(values)).reduce((sum, value) => sum + value, 0);
}
