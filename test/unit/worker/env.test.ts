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

  test("keeps the database's password out of the error", () => {
    expect(() => parseEnv({ ...REQUIRED, DATABASE_URL: "http://u:secret@h/d" })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") }),
    );
  });
});
