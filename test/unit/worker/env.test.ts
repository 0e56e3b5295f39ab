import { describe, expect, test } from "vitest";
import { EnvError, parseEnv } from "../../../worker/env.ts";

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
});
