import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../cli/cli-error.ts";
import {
  findDeployment,
  type LocalKeyFiles,
  needRedis,
  needSecrets,
} from "../../../../cli/keys/deployment.ts";

const SECRET = "a secret of at least 32 characters";
const OLDER = "the one before, also 32 characters";
const REDIS = { UPSTASH_REDIS_REST_URL: "https://redis.example", UPSTASH_REDIS_REST_TOKEN: "t" };
const LOCAL: LocalKeyFiles = {
  upstashUrl: "http://127.0.0.1:1234",
  secrets: { keySecret: "local", keySecretPrevious: "older", upstashToken: "token" },
};
const nothing = (): LocalKeyFiles => ({ upstashUrl: undefined, secrets: {} });

describe("findDeployment()", () => {
  test("takes the environment's, whatever the local stack has", () => {
    const env = { KEY_SECRET: SECRET, KEY_SECRET_PREVIOUS: OLDER, ...REDIS };
    expect(findDeployment(env, () => LOCAL)).toEqual({
      secrets: { current: SECRET, previous: OLDER },
      redis: { url: new URL("https://redis.example"), token: "t" },
      dataDir: undefined,
    });
  });

  test.each([
    ["a secret alone", { KEY_SECRET: SECRET }],
    ["Redis alone", REDIS],
  ])("mixes %s with nothing of the local stack", (_, env) => {
    const { secrets, redis } = findDeployment(env, () => LOCAL);
    expect([secrets === undefined, redis === undefined].filter((isMissing) => isMissing)).toEqual([
      true,
    ]);
  });

  test("takes the local stack's where the environment has none", () => {
    const dirs: string[] = [];
    const readLocal = (dataDir: string) => {
      dirs.push(dataDir);
      return LOCAL;
    };
    const env = { DATA_DIR: "/data", KEY_SECRET: "", KEY_SECRET_PREVIOUS: OLDER };
    expect(findDeployment(env, readLocal)).toEqual({
      secrets: { current: "local", previous: "older" },
      redis: { url: new URL("http://127.0.0.1:1234"), token: "token" },
      dataDir: "/data",
    });
    expect(findDeployment({}, readLocal).dataDir).toBe(".data");
    expect(dirs).toEqual(["/data", ".data"]);
  });

  test("makes do with what a local stack that does not run has", () => {
    const stopped = { ...LOCAL, upstashUrl: undefined };
    expect(findDeployment({}, () => stopped)).toMatchObject({
      secrets: { current: "local" },
      redis: undefined,
    });
    expect(findDeployment({}, nothing)).toEqual({
      secrets: undefined,
      redis: undefined,
      dataDir: ".data",
    });
  });

  test.each([
    [{ KEY_SECRET: "short" }, "KEY_SECRET has 5 characters"],
    [{ KEY_SECRET: SECRET, KEY_SECRET_PREVIOUS: "short" }, "KEY_SECRET_PREVIOUS has 5 characters"],
    [{ KEY_SECRET: SECRET, KEY_SECRET_FILE: "x" }, "KEY_SECRET and KEY_SECRET_FILE are both set"],
    [{ ...REDIS, UPSTASH_REDIS_REST_TOKEN: "" }, "No token given for Redis"],
    [{ ...REDIS, UPSTASH_REDIS_REST_URL: "redis://a" }, "does not begin with https:// or http://"],
  ])("refuses %j", (env, message) => {
    expect(() => findDeployment(env, nothing)).toThrow(UsageError);
    expect(() => findDeployment(env, nothing)).toThrow(message);
  });
});

test("needSecrets() and needRedis() say what is missing, and where it is looked for", () => {
  const none = findDeployment({ DATA_DIR: "/data" }, nothing);
  expect(() => needSecrets(none)).toThrow("(there is no /data/secrets.json)");
  expect(() => needRedis(none)).toThrow("(/data/local.json names none)");
  const env = findDeployment(REDIS, nothing);
  expect(() => needSecrets(env)).toThrow("as UPSTASH_REDIS_REST_URL is set");
  expect(needRedis(env).token).toBe("t");
  const secret = findDeployment({ KEY_SECRET: SECRET }, nothing);
  expect(() => needRedis(secret)).toThrow("as KEY_SECRET is set");
  expect(needSecrets(secret).current).toBe(SECRET);
});
