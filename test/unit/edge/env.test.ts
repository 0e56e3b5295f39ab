import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../edge/env.ts";

const VARS = {
  KEY_SECRET: "a secret of at least 32 characters",
  UPSTASH_REDIS_REST_URL: "https://redis.example",
  UPSTASH_REDIS_REST_TOKEN: "token",
  NATS_URL: "wss://a.example, wss://b.example",
  DATABASE_URL: "postgresql://user:password@db.example/sluice",
};

describe("parseConfig()", () => {
  it("fills in what is not set", () => {
    expect(parseConfig(VARS)).toMatchObject({
      keySecrets: [VARS.KEY_SECRET],
      nats: { servers: ["wss://a.example", "wss://b.example"] },
      maxEventAgeMs: 7300 * 86_400_000,
      rateLimit: { eventsPerSecond: 50_000, burstEvents: 100_000 },
    });
  });

  it("accepts the previous secret during a rotation", () => {
    const KEY_SECRET_PREVIOUS = "the secret before, of 32 characters";
    expect(parseConfig({ ...VARS, KEY_SECRET_PREVIOUS }).keySecrets).toEqual([
      VARS.KEY_SECRET,
      KEY_SECRET_PREVIOUS,
    ]);
  });

  it("lets a revocation wait at most a minute", () => {
    expect(parseConfig(VARS).revocationMaxAgeMs).toBe(60_000);
    expect(parseConfig({ ...VARS, REVOCATION_MAX_AGE_SECONDS: "5" }).revocationMaxAgeMs).toBe(
      5_000,
    );
    for (const REVOCATION_MAX_AGE_SECONDS of ["0", "61", "never"]) {
      expect(() => parseConfig({ ...VARS, REVOCATION_MAX_AGE_SECONDS })).toThrow(
        /^Cannot read configuration: REVOCATION_MAX_AGE_SECONDS: /,
      );
    }
  });

  it("takes a token for metrics, if it is not a short one", () => {
    expect(parseConfig(VARS).metricsToken).toBeUndefined();
    const METRICS_TOKEN = "sixteen letters.";
    expect(parseConfig({ ...VARS, METRICS_TOKEN }).metricsToken).toBe(METRICS_TOKEN);
    expect(() => parseConfig({ ...VARS, METRICS_TOKEN: "short" })).toThrow(
      /^Cannot read configuration: METRICS_TOKEN: must have at least 16 characters$/,
    );
  });

  it("does without a database where there is a worker, and refuses to have neither", () => {
    const { DATABASE_URL, ...others } = VARS;
    const worker = { WORKER_URL: "https://worker.example", WORKER_TOKEN: "sixteen letters." };
    expect(parseConfig({ ...others, ...worker })).toMatchObject({
      database: undefined,
      worker: { url: worker.WORKER_URL, token: worker.WORKER_TOKEN },
    });
    expect(parseConfig(VARS)).toMatchObject({ database: { url: DATABASE_URL }, worker: undefined });
    expect(() => parseConfig(others)).toThrow(
      /^Cannot read configuration: DATABASE_URL: is needed, or WORKER_URL and WORKER_TOKEN: nothing can be read$/,
    );
    expect(() => parseConfig({ ...others, WORKER_URL: worker.WORKER_URL })).toThrow(
      /^Cannot read configuration: WORKER_TOKEN: is needed with WORKER_URL$/,
    );
  });

  it("names every variable that is missing or wrong, and shows no secret", () => {
    const vars = {
      ...VARS,
      KEY_SECRET: "short",
      UPSTASH_REDIS_REST_URL: "redis",
      NATS_URL: undefined,
    };
    expect(() => parseConfig({ ...vars, RATE_LIMIT_BURST_EVENTS: "10" })).toThrow(
      /^Cannot read configuration: KEY_SECRET: must have at least 32 characters; UPSTASH_REDIS_REST_URL: .+; NATS_URL: .+; RATE_LIMIT_BURST_EVENTS: .+>=5000$/,
    );
  });
});
