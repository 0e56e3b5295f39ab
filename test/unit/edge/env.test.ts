import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../edge/env.ts";
import { FAKE_CREDS, FAKE_SEED } from "../../support/fake-creds.ts";

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

  it("takes one login in NATS, and names what is wrong with it beside all else, without a secret", () => {
    expect(parseConfig({ ...VARS, NATS_CREDS: FAKE_CREDS }).nats).toMatchObject({
      user: undefined,
      password: undefined,
      creds: expect.stringContaining(FAKE_SEED),
    });
    const wrong = { NATS_CREDS: FAKE_SEED, NATS_PASSWORD: "p", REDIS_TIMEOUT_MS: "1" };
    const problems = problemsOf({ ...VARS, ...wrong });
    expect(problems).toEqual([
      expect.stringMatching(/^REDIS_TIMEOUT_MS: /),
      "NATS_CREDS: is not the content of a .creds file: it has no JWT",
      "NATS_CREDS: cannot be used together with NATS_PASSWORD: set one login or the other",
    ]);
    expect(problems.join()).not.toContain(FAKE_SEED.slice(2));
  });

  describe("in production", () => {
    const PRODUCTION = {
      ...VARS,
      ENVIRONMENT: "production",
      KEY_SECRET: "dzJ0vXk6xwB0m1uQp6fZr3Yc8LwqTn5e",
      DATABASE_URL: "postgresql://sluice:rKp2vX@db.example/sluice",
      NATS_PASSWORD: "mQ7cZ0",
      WORKER_URL: "https://worker.example",
      WORKER_TOKEN: "0123456789abcdef0123456789abcdef",
      METRICS_TOKEN: "fedcba9876543210fedcba9876543210",
    };

    it("takes secrets of one's own and encrypted addresses", () => {
      expect(parseConfig(PRODUCTION)).toMatchObject({ keySecrets: [PRODUCTION.KEY_SECRET] });
    });

    it("refuses every secret that everybody knows, and shows none", () => {
      const vars = {
        ...PRODUCTION,
        KEY_SECRET: "development-only-key-secret-of-sluice",
        KEY_SECRET_PREVIOUS: "development-only-key-secret-before-it",
        UPSTASH_REDIS_REST_TOKEN: "upstash-development-token",
        NATS_PASSWORD: "edge-development",
        METRICS_TOKEN: "metrics-development-token",
        WORKER_TOKEN: "worker-development-token",
        DATABASE_URL: "postgres://postgres:development@database:5432/sluice",
        REDIS_TIMEOUT_MS: "1",
      };
      const names = Object.keys(vars).filter((name) => /SECRET|PASSWORD|TOKEN|DATABASE/.test(name));
      const problems = problemsOf(vars);
      expect(problems[0]).toMatch(/^REDIS_TIMEOUT_MS: /);
      expect(problems.slice(1).sort()).toEqual(
        names.map((name) => `${name}: is a development secret, which everybody knows`).sort(),
      );
      expect(problems.join()).not.toMatch(/edge-development|development-/);
      expect(() =>
        parseConfig({ ...vars, ENVIRONMENT: "development", REDIS_TIMEOUT_MS: "100" }),
      ).not.toThrow();
    });

    it("refuses short tokens, and a stream that asks for no password", () => {
      const { NATS_PASSWORD: _, ...others } = PRODUCTION;
      expect(
        problemsOf({
          ...others,
          WORKER_TOKEN: "of 23 characters, random",
          METRICS_TOKEN: "of 23 characters, random",
        }),
      ).toEqual([
        "WORKER_TOKEN: is shorter than 32 characters",
        "METRICS_TOKEN: is shorter than 32 characters",
        "NATS_PASSWORD: is not set",
      ]);
    });

    it("takes creds for a password", () => {
      const { NATS_PASSWORD: _, ...others } = PRODUCTION;
      expect(() => parseConfig({ ...others, NATS_CREDS: FAKE_CREDS })).not.toThrow();
    });

    it("refuses addresses that send secrets in the clear", () => {
      expect(
        problemsOf({
          ...PRODUCTION,
          UPSTASH_REDIS_REST_URL: "http://redis.example",
          NATS_URL: "wss://a.example, ws://b.example",
          WORKER_URL: "http://203.0.113.7:8790",
          NEON_FETCH_ENDPOINT: "http://[2001:db8::1]/sql",
        }),
      ).toEqual([
        "NATS_URL: is not encrypted: use https, wss or tls",
        "NEON_FETCH_ENDPOINT: is not encrypted: use https, wss or tls",
        "UPSTASH_REDIS_REST_URL: is not encrypted: use https, wss or tls",
        "WORKER_URL: is not encrypted: use https, wss or tls",
      ]);
    });

    it("leaves a network of one's own alone", () => {
      const vars = {
        ...PRODUCTION,
        UPSTASH_REDIS_REST_URL: "http://redis-http",
        NATS_URL:
          "ws://nats:8080, ws://10.0.0.7:8080, ws://172.31.0.1, ws://192.168.1.1, ws://[::1]",
        NEON_FETCH_ENDPOINT: "http://127.0.0.1:4444/sql",
        WORKER_URL: "http://localhost:8790",
      };
      expect(() => parseConfig(vars)).not.toThrow();
    });

    it("has no third kind of environment", () => {
      expect(problemsOf({ ...PRODUCTION, ENVIRONMENT: "staging" })[0]).toMatch(/^ENVIRONMENT: /);
    });
  });
});

function problemsOf(vars: Readonly<Record<string, unknown>>): string[] {
  try {
    parseConfig(vars);
  } catch (error) {
    return (error as Error).message.replace("Cannot read configuration: ", "").split("; ");
  }
  throw new Error("no problem");
}
