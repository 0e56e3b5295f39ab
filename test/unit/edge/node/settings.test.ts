import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../../../edge/env.ts";
import { parseNodeSettings } from "../../../../edge/node/settings.ts";

const GIVEN = {
  KEY_SECRET: "a secret of at least 32 characters",
  UPSTASH_REDIS_REST_URL: "http://redis:8080",
  UPSTASH_REDIS_REST_TOKEN: "token",
  NATS_URL: "nats://nats:4222",
  WORKER_URL: "http://worker:8790",
  WORKER_TOKEN: "a token of the worker",
  OUTBOX_DIR: "/data",
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-settings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    parseNodeSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe("parseNodeSettings()", () => {
  it("listens to this machine alone, with one connection to NATS, unless told otherwise", () => {
    expect(parseNodeSettings(GIVEN)).toMatchObject({
      HOST: "127.0.0.1",
      PORT: 8787,
      REGION: "local",
      nats: "tcp",
      config: { publisherShards: 1, outboxMaxBytes: 256 * 1024 * 1024 },
    });
    expect(
      parseNodeSettings({ ...GIVEN, HOST: "0.0.0.0", PORT: "80", PUBLISHER_SHARDS: "3" }),
    ).toMatchObject({ HOST: "0.0.0.0", PORT: 80, config: { publisherShards: 3 } });
  });

  it.each([
    ["nats://a:4222, tls://b:4222", "tcp"],
    ["ws://a:8080,wss://b", "websocket"],
  ])("goes to %s by %s", (NATS_URL, nats) => {
    expect(parseNodeSettings({ ...GIVEN, NATS_URL }).nats).toBe(nats);
  });

  it.each(["nats:4222", "nats://a,ws://b", "http://a"])("cannot go to %s", (NATS_URL) => {
    expect(problemsOf({ ...GIVEN, NATS_URL })).toEqual([
      "NATS_URL: must be nats:// or tls://, or ws:// or wss://, for all servers alike",
    ]);
  });

  it("names every problem at once", () => {
    const problems = problemsOf({
      KEY_SECRET: "short",
      NATS_URL: "nats://nats",
      PORT: "http",
      REGION: "Europe",
      WORKER_TOKEN_FILE: join(folder, "nowhere"),
    });
    expect(problems).toEqual([
      `WORKER_TOKEN_FILE: "${join(folder, "nowhere")}" cannot be read: ENOENT`,
      "PORT: Invalid input: expected number, received NaN",
      "REGION: is no name such as eu-1",
      "OUTBOX_DIR: is needed: a folder that outlives the process",
      "KEY_SECRET: must have at least 32 characters",
      "UPSTASH_REDIS_REST_URL: Invalid input: expected string, received undefined",
      "UPSTASH_REDIS_REST_TOKEN: Invalid input: expected string, received undefined",
      "DATABASE_URL: is needed, or WORKER_URL and WORKER_TOKEN: nothing can be read",
    ]);
  });

  it("takes an empty variable for one that is not set", () => {
    expect(parseNodeSettings({ ...GIVEN, DATABASE_URL: "", PORT: "" })).toMatchObject({
      PORT: 8787,
      config: { database: undefined },
    });
    expect(problemsOf({ ...GIVEN, OUTBOX_DIR: "" })).toEqual([
      "OUTBOX_DIR: is needed: a folder that outlives the process",
    ]);
  });

  it("reads any setting of the edge from the file that NAME_FILE names", () => {
    const path = join(folder, "key-secret");
    writeFileSync(path, `${GIVEN.KEY_SECRET}\n`);
    const settings = parseNodeSettings({ ...GIVEN, KEY_SECRET: "", KEY_SECRET_FILE: path });
    expect(settings.config.keySecrets).toEqual([GIVEN.KEY_SECRET]);
    expect(problemsOf({ ...GIVEN, KEY_SECRET_FILE: path })).toEqual([
      "KEY_SECRET: and KEY_SECRET_FILE are both set",
    ]);
  });

  it("has production refuse NATS without TLS, but for one's own network", () => {
    const production = {
      ...GIVEN,
      ENVIRONMENT: "production",
      NATS_PASSWORD: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
      WORKER_TOKEN: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    };
    expect(problemsOf(production)).toEqual([]);
    expect(problemsOf({ ...production, NATS_URL: "tls://nats.example" })).toEqual([]);
    expect(problemsOf({ ...production, NATS_URL: "nats://nats.example" })).toEqual([
      "NATS_URL: is not encrypted: use https, wss or tls",
    ]);
  });
});
