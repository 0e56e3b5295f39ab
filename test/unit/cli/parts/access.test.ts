import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../cli/cli-error.ts";
import { findAccess } from "../../../../cli/parts/access.ts";
import type { LocalFiles } from "../../../../cli/parts/local-files.ts";
import { FAKE_CREDS, FAKE_SEED } from "../../../support/fake-creds.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const LOCAL: LocalFiles = {
  stack: {
    edge_url: "http://127.0.0.1:8787",
    worker_url: "http://127.0.0.1:8790",
    write_key: "w",
    read_key: "r",
    admin_key: "a",
    nats_url: "nats://operator:p@127.0.0.1:4222",
    redis_url: "redis://:p@127.0.0.1:6379",
    upstash_url: "http://127.0.0.1:8079",
    database_url: "postgres://postgres:postgres@127.0.0.1:5432/postgres",
    parts: { redis: { pid: 7 } },
  },
  secrets: { keySecret: "s", metricsToken: "m", upstashToken: "u", workerToken: "t" },
  ports: { neonHttp: 9000 },
};
const local = () => LOCAL;
const nothing = () => undefined;

describe("findAccess()", () => {
  test("takes all of the local stack where the environment names no deployment", () => {
    const access = findAccess({ DATA_DIR: "/data", NATS_USER: "somebody" }, local);
    expect(access).toMatchObject({
      deployment: { kind: "local", dataDir: "/data", pids: { redis: 7 } },
      edge: { url: new URL("http://127.0.0.1:8787"), metricsToken: "m" },
      keys: [
        { name: "write key", text: "w" },
        { name: "read key", text: "r" },
        { name: "admin key", text: "a" },
      ],
      worker: { token: "t" },
      nats: { servers: ["127.0.0.1:4222"], user: "operator", password: "p" },
      redisHttp: { token: "u" },
      redis: new URL("redis://:p@127.0.0.1:6379"),
      databaseHttp: new URL("http://127.0.0.1:9000/sql"),
      keySecrets: ["s"],
    });
  });

  test.each([
    "SLUICE_URL",
    "WORKER_URL",
    "UPSTASH_REDIS_REST_URL",
    "NATS_URL",
    "DATABASE_URL",
    "KEY_SECRET",
  ])("mixes a deployment named by %s with nothing of the local stack", (name) => {
    const values: Record<string, string> = {
      NATS_URL: "tls://n",
      DATABASE_URL: "postgres://u:p@db/x",
      KEY_SECRET: "0123456789abcdef0123456789abcdef",
    };
    const access = findAccess({ [name]: values[name] ?? "https://a.example" }, local);
    expect(access.deployment).toEqual({ kind: "named", by: [name] });
    const parts = [access.edge, access.worker, access.nats, access.redisHttp, access.database];
    const found = parts.filter((part) => part !== undefined).length;
    expect(found).toBe(name === "KEY_SECRET" ? 0 : 1);
    expect(access.keys).toEqual([]);
    expect(access.redis).toBeUndefined();
  });

  test("takes the environment's credentials", () => {
    const access = findAccess(
      {
        SLUICE_URL: "https://e.example",
        SLUICE_KEY: "k",
        METRICS_TOKEN: "m",
        WORKER_URL: "https://w.example",
        WORKER_TOKEN: "",
        NATS_URL: "nats://n1,nats://n2",
        NATS_USER: "operator",
        NATS_PASSWORD: "p",
        UPSTASH_REDIS_REST_URL: "https://r.example",
        KEY_SECRET: "one",
        KEY_SECRET_PREVIOUS: "two",
      },
      nothing,
    );
    expect(access).toMatchObject({
      edge: { metricsToken: "m" },
      keys: [{ name: "SLUICE_KEY", text: "k" }],
      worker: { token: undefined },
      nats: { servers: ["n1:4222", "n2:4222"], user: "operator", password: "p" },
      redisHttp: { token: undefined },
      keySecrets: ["one", "two"],
    });
  });

  test.each([
    [
      { DATABASE_URL: "postgres://u:p@ep-1.eu.aws.neon.tech/x" },
      "https://api.eu.aws.neon.tech/sql",
    ],
    [{ DATABASE_URL: "postgres://u:p@db/x", NEON_FETCH_ENDPOINT: "http://n/sql" }, "http://n/sql"],
    [{ DATABASE_URL: "postgres://u:p@db/x" }, undefined],
  ])("knows where Neon's HTTP of %j is", (env, expected) => {
    expect(findAccess(env, nothing).databaseHttp?.href).toBe(expected);
  });

  test("reads creds of NATS from a file, and refuses what is none", async () => {
    const tempDir = await makeTempDir("access");
    const NATS_CREDS_FILE = join(tempDir.path, "operator.creds");
    const find = () => findAccess({ NATS_URL: "nats://n", NATS_CREDS_FILE }, nothing);
    await writeFile(NATS_CREDS_FILE, FAKE_CREDS);
    expect(find().nats?.creds).toContain(FAKE_SEED);
    await writeFile(NATS_CREDS_FILE, FAKE_SEED);
    expect(find).toThrow(UsageError);
    expect(find).toThrow(/^Cannot use the environment: NATS_CREDS is not the content of a .creds/);
    await tempDir.remove();
  });

  test("keeps what is wrong with files of secrets", () => {
    const { faults } = findAccess({ KEY_SECRET_FILE: "/no/such/file" }, nothing);
    expect(faults).toMatchObject([{ name: "KEY_SECRET_FILE" }]);
  });

  test.each([
    [
      {},
      "Nothing to look at: set SLUICE_URL, WORKER_URL, NATS_URL and what else --help names, or start the local stack with npm start (there is no .data/local.json)",
    ],
    [{ SLUICE_URL: "edge" }, 'Cannot read the server\'s URL: "edge" does not begin with https://'],
    [{ DATABASE_URL: "mysql://u:secret@db" }, "Cannot read DATABASE_URL: it does not begin with"],
    [{ NATS_URL: "http://n" }, 'Cannot read the NATS server\'s URL: "http://n" is not like'],
  ])("cannot do with %j", (env, message) => {
    const act = () => findAccess(env, nothing);
    expect(act).toThrow(UsageError);
    expect(act).toThrow(message);
    expect(act).not.toThrow("secret");
  });
});
