import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { verifyKey } from "../../contract/key.ts";
import { REVOKED_KEYS, revocationField } from "../../contract/revocation.ts";
import { startEdgeRuntime } from "../../local/edge-runtime.ts";
import { startUpstashHttp } from "../../local/upstash-http.ts";
import { startRedis } from "../support/redis.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { BENCH_PROJECT, KEY_CLASSES, KEY_SECRET, type KeyClass } from "./key-classes.ts";
import { report } from "./report.ts";
import { median, quantile, round } from "./statistics.ts";

const HTTP_SAMPLES = 3_000;
const HTTP_WARM_UP = 300;
const VERIFY_SAMPLES = 100_000;
const VERIFY_WARM_UP = 20_000;
/** Read-only, so that a genuine key to write is answered with 403 by the code that answers 401 to the others. */
const PATH = "/v1/stats/top-events?from=2024-01-01&to=2024-02-01";

/** Whether the time of an answer tells more of a key than the answer does: of each class of key, in turns and in random order. */
export async function benchKeyTiming(): Promise<void> {
  benchVerifyKey();
  await benchOverHttp();
}

/** `verifyKey` alone, in Node. It knows neither ends nor revocations. */
function benchVerifyKey(): void {
  const classes = KEY_CLASSES.filter(({ answer }) => answer !== "expired" && answer !== "revoked");
  const pool = makeKeys(classes, 2_000);
  const secrets = [KEY_SECRET];
  const samples = classes.map((): number[] => []);
  for (let turn = -VERIFY_WARM_UP; turn < VERIFY_SAMPLES; turn += 1) {
    for (const index of shuffled(classes.length)) {
      const keys = pool[index] ?? [];
      const key = keys[Math.abs(turn) % keys.length] ?? "";
      const beganNs = process.hrtime.bigint();
      verifyKey(key, secrets);
      const tookNs = Number(process.hrtime.bigint() - beganNs);
      if (turn >= 0) samples[index]?.push(tookNs / 1_000);
    }
  }
  reportClasses("verifyKey in Node", "µs", classes, samples);
}

/** One request after the other on one connection, to an edge that has the revoked ones in its list. */
async function benchOverHttp(): Promise<void> {
  const keys = makeKeys(KEY_CLASSES, HTTP_WARM_UP + HTTP_SAMPLES);
  const { url, stop } = await startEdge(
    KEY_CLASSES.flatMap(({ answer }, index) => (answer === "revoked" ? (keys[index] ?? []) : [])),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const samples = KEY_CLASSES.map((): number[] => []);
    for (let turn = 0; turn < HTTP_WARM_UP + HTTP_SAMPLES; turn += 1) {
      for (const index of shuffled(KEY_CLASSES.length)) {
        const wanted = KEY_CLASSES[index]?.answer === "wrong scope" ? 403 : 401;
        const beganMs = performance.now();
        const status = await ask(agent, url + PATH, keys[index]?.[turn] ?? "");
        const tookMs = performance.now() - beganMs;
        if (status !== wanted) throw new Error(`Cannot compare: ${status}, not ${wanted}`);
        if (turn >= HTTP_WARM_UP) samples[index]?.push(tookMs * 1_000);
      }
    }
    reportClasses("refusal by the edge over HTTP", "µs", KEY_CLASSES, samples);
  } finally {
    agent.destroy();
    await stop();
  }
}

function reportClasses(
  what: string,
  unit: string,
  classes: readonly KeyClass[],
  samples: readonly (readonly number[])[],
): void {
  for (const [index, { name }] of classes.entries()) {
    const sample = samples[index] ?? [];
    report(`${what}, ${name}`, {
      [`p50, ${unit}`]: round(quantile(sample, 0.5)),
      p90: round(quantile(sample, 0.9)),
      p99: round(quantile(sample, 0.99)),
      n: sample.length,
    });
  }
  const alike = samples.filter((_, index) => classes[index]?.answer === "forged");
  const noise = Math.max(...samples.map(differenceOfHalves));
  report(`${what}, differences of medians`, {
    [`between halves of one class (noise), ${unit}`]: round(noise),
    "between classes with a wrong MAC": round(spreadOfMedians(alike)),
    "of that to noise": round(spreadOfMedians(alike) / noise),
    "between all classes": round(spreadOfMedians(samples)),
  });
}

function spreadOfMedians(samples: readonly (readonly number[])[]): number {
  const medians = samples.map(median);
  return Math.max(...medians) - Math.min(...medians);
}

/** Of the odd turns to the even ones: what two samples of the same differ by. */
function differenceOfHalves(sample: readonly number[]): number {
  const half = (rest: number) => sample.filter((_, index) => index % 2 === rest);
  return Math.abs(median(half(0)) - median(half(1)));
}

async function startEdge(revokedKeys: readonly string[]) {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const tempDir = await makeTempDir("key-timing");
  const redis = await startRedis();
  const client = new Redis(redis.url);
  const fields = revokedKeys.map((key) =>
    revocationField({ projectId: BENCH_PROJECT, kid: key.split("_")[3] ?? "" }),
  );
  const revokedAt = new Date().toISOString();
  await client.hset(REVOKED_KEYS, Object.fromEntries(fields.map((field) => [field, revokedAt])));
  client.disconnect();
  const upstash = await startUpstashHttp({ redisUrl: redis.url, token: "token", port: 0 });
  const miniflare = await startEdgeRuntime({
    root,
    cacheDir: join(root, ".wrangler", "local-bundles"),
    dataDir: tempDir.path,
    host: "127.0.0.1",
    port: 0,
    env: {
      KEY_SECRET,
      NATS_URL: "ws://127.0.0.1:1",
      DATABASE_URL: "postgresql://none:none@db.test/none",
      NEON_FETCH_ENDPOINT: "http://127.0.0.1:1",
      UPSTASH_REDIS_REST_URL: upstash.url,
      UPSTASH_REDIS_REST_TOKEN: "token",
      REDIS_TIMEOUT_MS: "5000",
    },
  });
  return {
    url: String(await miniflare.ready).replace(/\/$/, ""),
    async stop() {
      await miniflare.dispose();
      await upstash.close();
      await redis.stop();
      await tempDir.remove();
    },
  };
}

/** Node's plain client: fetch takes longer than what is measured here. */
function ask(agent: Agent, url: string, key: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request(url, { agent, headers: { authorization: `Bearer ${key}` } }, (response) => {
    response.resume();
    response.on("end", () => resolve(response.statusCode ?? 0));
    response.on("error", reject);
  })
    .on("error", reject)
    .end();
  return promise;
}

/**
 * In turns and from bytes, as a key comes out of a request: where texts lie in memory, and of which parts they were made, takes more
 * time than what is measured here.
 */
function makeKeys(classes: readonly KeyClass[], count: number): string[][] {
  const keys = classes.map((): string[] => []);
  for (let index = 0; index < count; index += 1) {
    for (const [place, one] of classes.entries()) {
      keys[place]?.push(Buffer.from(one.make(newKid())).toString("latin1"));
    }
  }
  return keys;
}

function newKid(): string {
  return randomBytes(10).toString("hex");
}

/** 0 to `count` - 1 (Fisher and Yates). */
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}
