import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnvError, parseEnv } from "../../../worker/env.ts";
import { FAKE_CREDS, FAKE_SEED } from "../../support/fake-creds.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

const REQUIRED = {
  DATABASE_URL: "postgres://sluice@127.0.0.1/sluice",
  NATS_URL: "nats://127.0.0.1",
};

describe("parseEnv()", () => {
  test("fills in what is not set", () => {
    const env = parseEnv({ ...REQUIRED, WORKER_TOKEN: "" });
    expect(env).toMatchObject({
      NATS_URL: ["nats://127.0.0.1"],
      WORKER_HOST: "127.0.0.1",
      WORKER_PORT: 8_790,
      BATCH_MAX_ROWS: 10_000,
      BATCH_MAX_WAIT_MS: 50,
      STREAM_MAX_AGE_HOURS: 72,
    });
    expect(env.WORKER_TOKEN).toBeUndefined();
    expect(env.WORKER_ID).toMatch(/:8790$/);
  });

  test("reads several NATS servers", () => {
    const env = parseEnv({ ...REQUIRED, NATS_URL: "nats://a:4222, nats://b:4222," });
    expect(env.NATS_URL).toEqual(["nats://a:4222", "nats://b:4222"]);
  });

  test("names every problem at once", () => {
    const parse = () =>
      parseEnv({ DATABASE_URL: "mysql://x", BATCH_MAX_ROWS: "many", WORKER_PORT: "70000" });
    expect(parse).toThrow(EnvError);
    try {
      parse();
    } catch (error) {
      expect((error as EnvError).problems).toEqual([
        "DATABASE_URL is not a postgres:// URL",
        "NATS_URL is not set",
        "WORKER_PORT is not a whole number from 0 to 65535",
        "BATCH_MAX_ROWS is not a whole number from 1 to 200000",
      ]);
    }
  });

  test("has settings of its own for each store", () => {
    const { NATS_URL } = REQUIRED;
    expect(
      parseEnv({ STORE: "duckdb", NATS_URL, DUCKDB_PATH: "/data/events.duckdb" }),
    ).toMatchObject({ STORE: "duckdb", DUCKDB_PATH: "/data/events.duckdb" });
    expect(
      parseEnv({ STORE: "clickhouse", NATS_URL, CLICKHOUSE_URL: "http://127.0.0.1:8123" }),
    ).toMatchObject({ STORE: "clickhouse", CLICKHOUSE_DATABASE: "sluice" });
    expect(
      parseEnv({ ...REQUIRED, HOT_PROPERTIES: "shop.plan, web.a.b", PROPERTIES_INDEX: "true" }),
    ).toMatchObject({
      STORE: "timescale",
      HOT_DAYS: 30,
      HOT_PROPERTIES: [
        { projectId: "shop", key: "plan" },
        { projectId: "web", key: "a.b" },
      ],
      PROPERTIES_INDEX: true,
      USER_INDEX: false,
    });
  });

  test.each<[Record<string, string>, string]>([
    [{ STORE: "sqlite" }, 'STORE "sqlite" is none of timescale, duckdb, clickhouse'],
    [{ STORE: "duckdb" }, "DUCKDB_PATH is not set"],
    [{ STORE: "clickhouse" }, "CLICKHOUSE_URL is not set"],
    [{ STORE: "clickhouse", CLICKHOUSE_URL: "localhost" }, "CLICKHOUSE_URL is not a URL"],
    [{ COLD_URL: "/var/cold" }, "COLD_URL is neither file:///folder nor s3://bucket/prefix"],
    [{ HOT_DAYS: "0" }, "HOT_DAYS is not a whole number from 1 to 36500"],
    [{ HOT_PROPERTIES: "plan" }, "HOT_PROPERTIES is not a list such as shop.plan,shop.country"],
    [{ PROPERTIES_INDEX: "yes" }, "PROPERTIES_INDEX is neither true nor false"],
  ])("refuses %o", (settings, problem) => {
    expect(() => parseEnv({ ...REQUIRED, ...settings })).toThrow(problem);
  });

  test("keeps the database's password out of the error", () => {
    expect(() => parseEnv({ ...REQUIRED, DATABASE_URL: "http://u:secret@h/d" })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") }),
    );
  });

  test("takes one login in NATS, and names what is wrong with it beside all else, without a secret", () => {
    const NATS_CREDS = FAKE_CREDS.replace(FAKE_SEED, FAKE_SEED.slice(0, 50));
    const settings = { ...REQUIRED, NATS_CREDS, NATS_USER: "u", NATS_PASSWORD: "p", HOT_DAYS: "0" };
    expect(problemsOf(settings)).toEqual([
      "NATS_CREDS is not the content of a .creds file: it has no seed (SU…) of a user",
      "HOT_DAYS is not a whole number from 1 to 36500",
      "NATS_CREDS cannot be used together with NATS_USER and NATS_PASSWORD: set one login or the other",
    ]);
  });

  describe("in production", () => {
    const PRODUCTION = {
      ENVIRONMENT: "production",
      DATABASE_URL: "postgres://sluice:rKp2vX@db.example/sluice",
      NATS_URL: "nats://nats.example",
      NATS_USER: "worker",
      NATS_PASSWORD: "mQ7cZ0",
    };

    test("takes secrets of one's own", () => {
      const WORKER_TOKEN = "0123456789abcdef0123456789abcdef";
      expect(parseEnv({ ...PRODUCTION, WORKER_TOKEN })).toMatchObject({ WORKER_TOKEN });
      expect(parseEnv(PRODUCTION).WORKER_TOKEN).toBeUndefined();
    });

    test("refuses every secret that everybody knows, and shows none", () => {
      const settings = {
        ...PRODUCTION,
        DATABASE_URL: "postgres://postgres:development@database:5432/sluice",
        NATS_PASSWORD: "worker-development",
        WORKER_TOKEN: "worker-development-token",
        COLD_S3_SECRET_ACCESS_KEY: "development",
        ACK_WAIT_MS: "1",
      };
      expect(problemsOf(settings)).toEqual([
        "ACK_WAIT_MS is not a whole number from 2000 to 3600000",
        "DATABASE_URL is a development secret, which everybody knows",
        "NATS_PASSWORD is a development secret, which everybody knows",
        "WORKER_TOKEN is a development secret, which everybody knows",
        "COLD_S3_SECRET_ACCESS_KEY is a development secret, which everybody knows",
      ]);
      expect(parseEnv({ ...settings, ENVIRONMENT: "development", ACK_WAIT_MS: "" })).toBeDefined();
    });

    test("refuses a short token, and a stream that asks for no password", () => {
      const { NATS_PASSWORD: _, ...others } = PRODUCTION;
      expect(problemsOf({ ...others, WORKER_TOKEN: "of 23 characters, random" })).toEqual([
        "WORKER_TOKEN is shorter than 32 characters",
        "NATS_PASSWORD is not set",
      ]);
    });

    test("takes creds for a password", () => {
      const { NATS_USER: _, NATS_PASSWORD: __, ...others } = PRODUCTION;
      expect(parseEnv({ ...others, NATS_CREDS: FAKE_CREDS }).NATS_CREDS).toContain(FAKE_SEED);
    });

    test("cares for nothing that another store would use", () => {
      const settings = { ...PRODUCTION, STORE: "duckdb", DUCKDB_PATH: "/data/events.duckdb" };
      const DATABASE_URL = "postgres://postgres:development@database:5432/sluice";
      expect(parseEnv({ ...settings, DATABASE_URL })).toMatchObject({ STORE: "duckdb" });
    });

    test("has no third kind of environment", () => {
      expect(problemsOf({ ...PRODUCTION, ENVIRONMENT: "staging" })).toEqual([
        "ENVIRONMENT is neither development nor production",
      ]);
    });
  });

  describe("secrets in files", () => {
    let tempDir: TempDir;

    beforeAll(async () => {
      tempDir = await makeTempDir("secret-files");
    });
    afterAll(() => tempDir.remove());

    async function write(name: string, text: string): Promise<string> {
      const path = join(tempDir.path, name);
      await writeFile(path, text);
      return path;
    }

    test("are read for every setting that is a secret", async () => {
      const DATABASE_URL_FILE = await write("database", "postgres://u:of-a-file@h/d\n");
      const NATS_PASSWORD_FILE = await write("nats", "pass word\n");
      const WORKER_TOKEN_FILE = await write("token", "0123456789abcdef");
      const COLD_S3_ACCESS_KEY_ID_FILE = await write("id", "AKIA\n");
      const COLD_S3_SECRET_ACCESS_KEY_FILE = await write("key", "k/+=\n");
      const NATS_URL = "nats://h";
      expect(
        parseEnv({
          ...{ NATS_URL, DATABASE_URL_FILE, NATS_PASSWORD_FILE, WORKER_TOKEN_FILE },
          ...{ COLD_S3_ACCESS_KEY_ID_FILE, COLD_S3_SECRET_ACCESS_KEY_FILE },
        }),
      ).toMatchObject({
        DATABASE_URL: "postgres://u:of-a-file@h/d",
        NATS_PASSWORD: "pass word",
        WORKER_TOKEN: "0123456789abcdef",
        COLD_S3_ACCESS_KEY_ID: "AKIA",
        COLD_S3_SECRET_ACCESS_KEY: "k/+=",
      });
      const CLICKHOUSE_PASSWORD_FILE = await write("clickhouse", "from a file\n");
      const clickhouse = { STORE: "clickhouse", CLICKHOUSE_URL: "http://h:8123", NATS_URL };
      expect(parseEnv({ ...clickhouse, CLICKHOUSE_PASSWORD_FILE })).toMatchObject({
        CLICKHOUSE_PASSWORD: "from a file",
      });
    });

    test("may have several lines", async () => {
      const NATS_CREDS_FILE = await write("nats.creds", FAKE_CREDS);
      expect(parseEnv({ ...REQUIRED, NATS_CREDS_FILE }).NATS_CREDS).toContain(`\n${FAKE_SEED}\n`);
    });

    test("are checked like others", async () => {
      const WORKER_TOKEN_FILE = await write("short", "short\n");
      expect(problemsOf({ ...REQUIRED, WORKER_TOKEN_FILE })).toEqual([
        "WORKER_TOKEN is shorter than 16 characters",
      ]);
      const NATS_PASSWORD_FILE = await write("known", "worker-development\n");
      const ENVIRONMENT = "production";
      expect(problemsOf({ ...REQUIRED, ENVIRONMENT, NATS_PASSWORD_FILE })).toEqual([
        "NATS_PASSWORD is a development secret, which everybody knows",
      ]);
    });

    test("name every problem at once", async () => {
      const none = join(tempDir.path, "none");
      const empty = await write("empty", "\n");
      const settings = {
        ...REQUIRED,
        WORKER_TOKEN: "0123456789abcdef",
        WORKER_TOKEN_FILE: empty,
        NATS_PASSWORD_FILE: none,
        COLD_S3_ACCESS_KEY_ID_FILE: empty,
        COLD_S3_SECRET_ACCESS_KEY_FILE: tempDir.path,
        HOT_DAYS: "0",
      };
      expect(problemsOf(settings)).toEqual([
        `NATS_PASSWORD_FILE "${none}" cannot be read: ENOENT`,
        "WORKER_TOKEN and WORKER_TOKEN_FILE are both set",
        `COLD_S3_ACCESS_KEY_ID_FILE "${empty}" is empty`,
        `COLD_S3_SECRET_ACCESS_KEY_FILE "${tempDir.path}" cannot be read: EISDIR`,
        "HOT_DAYS is not a whole number from 1 to 36500",
      ]);
    });
  });
});

function problemsOf(settings: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseEnv(settings);
  } catch (error) {
    if (error instanceof EnvError) return error.problems;
    throw error;
  }
  throw new Error("no problem");
}
