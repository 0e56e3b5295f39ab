import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createKey, type KeyScope } from "../../../contract/key.ts";
import { REVOKED_KEYS, revocationField } from "../../../contract/revocation.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";
import { isThorough } from "../../support/thoroughness.ts";
import { createEvents, type EdgeProcess, idsOf, KEY_SECRET, startEdge } from "./edge-process.ts";
import { type EventsStream, openEventsStream } from "./events-stream.ts";

const TOKEN = "test-token";
const METRICS_TOKEN = "a token for metrics";
const MAX_AGE_MS = 2_000;

let nats: NatsService;
let stream: EventsStream;
let server: RedisService;
let redis: Redis;
let upstash: LoopbackServer;
let edge: EdgeProcess;

beforeAll(async () => {
  nats = await startNats();
  stream = await openEventsStream(nats);
  await stream.create();
  server = await startRedis();
  redis = new Redis(server.url, { retryStrategy: () => 100, maxRetriesPerRequest: null });
  redis.on("error", () => {});
  upstash = await startUpstashHttp({ redisUrl: server.url, token: TOKEN, port: 0 });
  edge = await startEdge(nats, {
    UPSTASH_REDIS_REST_URL: upstash.url,
    UPSTASH_REDIS_REST_TOKEN: TOKEN,
    REVOCATION_MAX_AGE_SECONDS: String(MAX_AGE_MS / 1_000),
    // Far above what a Redis that is well takes on a busy machine.
    REDIS_TIMEOUT_MS: "1500",
    METRICS_TOKEN,
  });
});

afterAll(async () => {
  await edge?.stop();
  await upstash?.close();
  redis?.disconnect();
  await server?.stop();
  await stream?.connection.close();
  await nats?.stop();
});

/** Two keys of a project, of which one is revoked, and which events of theirs were accepted. */
async function createProject(projectId: string) {
  const keyOf = (kid: string, scope: KeyScope = "w") =>
    createKey({ scope, projectId, kid }, KEY_SECRET);
  const field = revocationField({ projectId, kid: "k1" });
  const accepted: string[] = [];
  const refused: string[] = [];

  async function post(key: string): Promise<Response> {
    const events = createEvents(1);
    const response = await postWith(key, events);
    (response.status === 202 ? accepted : refused).push(...idsOf(events));
    return response;
  }
  const expectRefused = async (key: string, detail: string) => {
    const response = await post(key);
    expect(await response.json()).toMatchObject({ status: 401, detail });
  };

  return {
    field,
    post,
    revokedKey: keyOf("k1"),
    async revoke() {
      expect((await post(keyOf("k1"))).status).toBe(202);
      await redis.hset(REVOKED_KEYS, field, new Date().toISOString());
      await poll("the refusal", async () => (await post(keyOf("k1"))).status === 401);
    },
    /** Valid keys work, revoked and forged ones do not. */
    async check() {
      expect((await post(keyOf("k2"))).status).toBe(202);
      await expectRefused(keyOf("k1"), "The key is revoked");
      for (const scope of ["r", "a"] as const) {
        await expectRefused(keyOf("k1", scope), "The key is revoked");
      }
      await expectRefused(
        createKey({ scope: "w", projectId, kid: "k2" }, `${KEY_SECRET}.`),
        "The key was not signed by this deployment",
      );
    },
    async checkStored() {
      const stored = await stream.storedIds(projectId);
      expect(stored).toEqual(expect.arrayContaining(accepted));
      for (const id of refused) expect(stored).not.toContain(id);
    },
  };
}

function postWith(key: string, events: readonly unknown[]): Promise<Response> {
  return fetch(`${edge.url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
}

/** Of the isolate that answers; there is one. */
async function readMetric(name: string): Promise<number | undefined> {
  const response = await fetch(`${edge.url}/metrics`, {
    headers: { authorization: `Bearer ${METRICS_TOKEN}` },
  });
  const value = new RegExp(`^${name} (\\S+)$`, "m").exec(await response.text())?.[1];
  return value === undefined ? undefined : Number(value);
}

const pass = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

/** What depends on nothing that runtimes do in ways of their own: tried on one, in `npm run test:thorough` on both. */
const once = it.runIf(isThorough || inject("edgeRuntime") === "workerd");

describe("A revocation", () => {
  once("is in force once the list is as old as it may be, without a restart", async () => {
    const project = await createProject("in-time");
    expect((await project.post(project.revokedKey)).status).toBe(202);
    await redis.hset(REVOKED_KEYS, project.field, new Date().toISOString());
    // However late the next request comes, none before it has read the list again.
    await pass(MAX_AGE_MS);
    await project.check();
    await project.checkStored();
    expect(await readMetric("sluice_revocations")).toBeGreaterThan(0);
    expect(await readMetric("sluice_revocations_age_seconds")).toBeLessThan(60);
  });

  once("is in force for all of many requests that wait for the list at once", async () => {
    const project = await createProject("at-once");
    await project.post(project.revokedKey);
    await redis.hset(REVOKED_KEYS, project.field, new Date().toISOString());
    await pass(MAX_AGE_MS);
    const responses = await Promise.all(
      Array.from({ length: 200 }, () => project.post(project.revokedKey)),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]));
    await project.checkStored();
  });
});

const OUTAGES: readonly [string, () => unknown, () => unknown][] = [
  ["killed", () => server.kill(), () => server.restart()],
  [
    "frozen",
    () => process.kill(server.pid(), "SIGSTOP"),
    () => process.kill(server.pid(), "SIGCONT"),
  ],
];

describe("A revoked key while Redis is", () => {
  it.each(OUTAGES)(
    "%s stays revoked, also in an edge that starts then",
    async (name, begin, end) => {
      const project = await createProject(name);
      await project.revoke();
      await begin();
      try {
        await project.check();
        await pass(MAX_AGE_MS);
        await project.check();
        await edge.restart();
        await project.check();
        expect(await readMetric("sluice_revocation_unchecked_total")).toBe(0);
        expect(await readMetric("sluice_revocations_age_seconds")).toBeUndefined();
      } finally {
        await end();
      }
      await poll("a reading of the list", async () => {
        await project.check();
        return (await readMetric("sluice_revocations_age_seconds")) !== undefined;
      });
      await project.checkStored();
    },
  );
});

describe("A revoked key after Redis", () => {
  once("lost everything stays revoked, and Redis is told again", async () => {
    const project = await createProject("flushed");
    await project.revoke();
    await redis.flushall();
    await pass(MAX_AGE_MS);
    await project.check();
    await poll("the repaired list", () => redis.hget(REVOKED_KEYS, project.field));
    await project.check();
    await project.checkStored();
  });

  it("lost everything and the edge was started anew stays revoked, and Redis is told again", async () => {
    const project = await createProject("flushed-anew");
    await project.revoke();
    const revokedAt = await redis.hget(REVOKED_KEYS, project.field);
    await redis.flushall();
    await edge.restart();
    await project.check();
    const repaired = await poll("the repaired list", () => redis.hget(REVOKED_KEYS, project.field));
    expect(repaired).toBe(revokedAt);
    await project.checkStored();
  });

  once("holds something else under the list's name stays revoked", async () => {
    const project = await createProject("wrong-type");
    await project.revoke();
    await redis.set(REVOKED_KEYS, "something else");
    await pass(MAX_AGE_MS);
    await project.check();
    await edge.restart();
    await project.check();
    await redis.del(REVOKED_KEYS);
    await poll("the repaired list", async () => {
      await project.check();
      return redis.hget(REVOKED_KEYS, project.field);
    });
    await project.checkStored();
  });
});

describe("An edge that never met Redis", () => {
  it("lets valid keys pass on the word of its keeper", async () => {
    const fresh = await startEdge(nats, { METRICS_TOKEN });
    try {
      expect((await fresh.post("unknown", createEvents(1))).status).toBe(202);
      const response = await fetch(`${fresh.url}/metrics`, {
        headers: { authorization: `Bearer ${METRICS_TOKEN}` },
      });
      // Its keeper answers, and knows of none: that is a list.
      expect(await response.text()).toContain("sluice_revocation_unchecked_total 0\n");
    } finally {
      await fresh.stop();
    }
  });
});
