import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createKey, type KeyClaims, verifyKey } from "../../../contract/key.ts";
import { createKeysCli, type KeysCli, NOBODY, type Outcome, SECRET } from "./keys-cli.ts";

let cli: KeysCli;

beforeAll(async () => {
  cli = await createKeysCli();
});
afterAll(() => cli?.close());
beforeEach(() => cli.redis.flushall());

/** Makes a key, and insists on it. */
async function create(...args: readonly string[]): Promise<{ key: string; claims: KeyClaims }> {
  const { code, stdout, stderr } = await cli.run(["create", ...args]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const key = stdout.trimEnd();
  const verdict = verifyKey(key, [SECRET]);
  if (verdict.status !== "genuine") throw new Error(`Cannot use key: it is ${verdict.status}`);
  return { key, claims: verdict.claims };
}

/** What makes the key one stands nowhere. */
function expectNoKey({ stdout, stderr }: Outcome, key: string): void {
  expect(stdout + stderr).not.toContain(key.slice(-40, -20));
}

describe("sluice keys create", () => {
  test("prints a key alone on standard output, and lists it", async () => {
    const { code, stdout, stderr } = await cli.run([
      "create",
      "--project",
      "shop",
      "--scope",
      "w",
      "--label",
      "checkout ä",
    ]);
    const [, kid = ""] = /^slu_w_shop_([a-z0-9]{10})_[0-9a-f]{40}\n$/.exec(stdout) ?? [];
    expect(verifyKey(stdout.trimEnd(), [SECRET])).toEqual({
      status: "genuine",
      claims: { scope: "w", projectId: "shop", kid },
    });
    expect([code, stderr]).toEqual([
      0,
      `Created a key to write to project shop, valid without an end; its kid is ${kid}\n` +
        `It is shown this once. To take it back: sluice keys revoke ${kid} --project shop\n`,
    ]);
    expect(JSON.parse((await cli.redis.hget("keys:known", `shop:${kid}`)) ?? "")).toEqual({
      scope: "w",
      label: "checkout ä",
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      signed_by: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
  });

  test("makes a key that ends, and tells all about it as JSON", async () => {
    const { stdout } = await cli.run([
      "create",
      "--project",
      "shop",
      "--scope",
      "r",
      "--expires",
      "2099-01-31",
      "--json",
    ]);
    const { key, kid, ...rest } = JSON.parse(stdout);
    const expiresAt = Date.parse("2099-01-31T00:00:00Z") / 1_000;
    expect(key).toBe(createKey({ scope: "r", projectId: "shop", kid, expiresAt }, SECRET));
    expect(rest).toEqual({
      project_id: "shop",
      scope: "r",
      label: null,
      created_at: expect.any(String),
      expires_at: "2099-01-31T00:00:00.000Z",
      is_listed: true,
    });
  });

  test("reads the secret from a file", async () => {
    await writeFile(join(cli.cwd, "secret"), `${SECRET}\n`);
    const env = { KEY_SECRET: "", KEY_SECRET_FILE: "secret" };
    const { stdout } = await cli.run(["create", "--project", "a", "--scope", "a"], env);
    expect(verifyKey(stdout.trimEnd(), [SECRET]).status).toBe("genuine");
  });

  test.each([
    [
      "is away",
      { UPSTASH_REDIS_REST_URL: NOBODY },
      `Cannot look for the key in Redis at ${NOBODY}: nothing listens there (ECONNREFUSED)`,
    ],
    ["refuses the token", { UPSTASH_REDIS_REST_TOKEN: "wrong" }, "Unauthorized"],
    ["is not given", { UPSTASH_REDIS_REST_URL: "" }, "no Redis is given"],
  ])("makes a valid key while Redis %s, and says that it is not listed", async (_, env, reason) => {
    const { code, stdout, stderr } = await cli.run(
      ["create", "--project", "a", "--scope", "w", "--json"],
      env,
    );
    expect(code).toBe(0);
    const { key, is_listed } = JSON.parse(stdout);
    expect([verifyKey(key, [SECRET]).status, is_listed]).toEqual(["genuine", false]);
    expect(stderr).toContain("Warning: the key is valid, but sluice keys list does not show it: ");
    expect(stderr).toContain(reason);
  });

  // The rest of what options and settings may not be is in the unit tests of their parsers.
  test.each([
    [["--project", "a"], "required option '--scope <scope>' not specified"],
    [["--project", "A_b", "--scope", "w"], '"A_b" is not a project'],
    [
      ["--project", "a", "--scope", "write"],
      "argument 'write' is invalid. Allowed choices are w, r, a.",
    ],
    [
      ["--project", "a", "--scope", "w", "--expires", "2020-01-01"],
      '"2020-01-01" lies in the past.',
    ],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await cli.run(["create", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(await cli.redis.exists("keys:known")).toBe(0);
  });

  test.each([
    [
      { KEY_SECRET: "" },
      "No secret to sign with: set KEY_SECRET or KEY_SECRET_FILE to the edge's, as UPSTASH_REDIS_REST_URL is set",
    ],
    [
      { KEY_SECRET: "", KEY_SECRET_FILE: "absent" },
      'KEY_SECRET_FILE "absent" cannot be read: ENOENT',
    ],
  ])("refuses the environment %j", async (env, message) => {
    const { code, stdout, stderr } = await cli.run(
      ["create", "--project", "a", "--scope", "w"],
      env,
    );
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(SECRET);
  });
});

describe("sluice keys list", () => {
  test("shows every key and no key", async () => {
    const first = await create("--project", "shop", "--scope", "w", "--label", "checkout");
    const second = await create("--project", "shop", "--scope", "r", "--expires", "2099-01-31");
    const other = await create("--project", "blog", "--scope", "a");
    await cli.redis.hset("keys:revoked", `shop:${first.claims.kid}`, "2026-01-01T00:00:00.000Z");
    await cli.redis.hset("keys:revoked", "shop:unlisted", "2026-01-02T00:00:00.000Z");
    await cli.redis.hset("keys:known", "shop:broken", "by hand");

    const all = await cli.run(["list"]);
    expect([all.code, all.stderr]).toEqual([0, "4 keys\n"]);
    const rows = all.stdout
      .slice(0, -1)
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([
      ["PROJECT", "KID", "SCOPE", "CREATED", "EXPIRES", "STATE", "LABEL"],
      ["blog", other.claims.kid, "admin", expect.any(String), "never", "valid", ""],
      ["shop", first.claims.kid, "write", expect.any(String), "never", "revoked", "checkout"],
      ["shop", second.claims.kid, "read", expect.any(String), "2099-01-31T00:00:00Z", "valid", ""],
      ["shop", "unlisted", "?", "?", "?", "revoked", ""],
    ]);
    for (const { key } of [first, second, other]) expectNoKey(all, key);

    const json = await cli.run(["list", "--project", "shop", "--json"]);
    const listed = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(listed).toMatchObject([
      { kid: first.claims.kid, state: "revoked", revoked_at: "2026-01-01T00:00:00.000Z" },
      { kid: second.claims.kid, state: "valid", revoked_at: null, scope: "r" },
      { project_id: "shop", kid: "unlisted", scope: null, state: "revoked" },
    ]);
  });

  test("tells which have expired, and which no secret signs any more", async () => {
    const known = { scope: "w", created_at: "2020-01-01T00:00:00.000Z" };
    const expired = { ...known, expires_at: "2020-06-01T00:00:00.000Z" };
    const retired = { ...known, signed_by: "00000000" };
    await cli.redis.hset("keys:known", "p:expired", JSON.stringify(expired));
    await cli.redis.hset("keys:known", "p:retired", JSON.stringify(retired));
    const states = async (env: Record<string, string> = {}) => {
      const { stdout } = await cli.run(["list", "--json"], env);
      return stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).state);
    };
    expect(await states()).toEqual(["expired", "retired"]);
    // Without a secret nobody can tell.
    expect(await states({ KEY_SECRET: "" })).toEqual(["expired", "valid"]);
  });

  test("shows no key that somebody made a label", async () => {
    const { key } = await create("--project", "shop", "--scope", "w");
    const { code } = await cli.run(["create", "--project", "shop", "--scope", "w", "--label", key]);
    expect(code).toBe(0);
    for (const args of [["list"], ["list", "--json"]]) expectNoKey(await cli.run(args), key);
  });

  test("says so when there is none, and fails when Redis does not answer", async () => {
    expect(await cli.run(["list"])).toEqual({ code: 0, stdout: "", stderr: "No keys\n" });
    expect(await cli.run(["list"], { UPSTASH_REDIS_REST_URL: NOBODY })).toEqual({
      code: 1,
      stdout: "",
      stderr: `sluice: Cannot read the list of keys in Redis at ${NOBODY}: nothing listens there (ECONNREFUSED)\n`,
    });
    expect(await cli.run(["list"], { UPSTASH_REDIS_REST_URL: "" })).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "sluice: No Redis given: set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to the edge's, as KEY_SECRET is set\n",
    });
  });
});

describe("sluice keys revoke", () => {
  test("revokes a key by itself, once for good", async () => {
    const { key, claims } = await create("--project", "shop", "--scope", "w");
    const first = await cli.run(["revoke", key, "--yes"]);
    expect(first).toEqual({
      code: 0,
      stdout: `Revoked key ${claims.kid} of project shop: effective within 60 s everywhere\n`,
      stderr: "",
    });
    const revokedAt = await cli.redis.hget("keys:revoked", `shop:${claims.kid}`);
    expect(Date.parse(revokedAt ?? "")).toBeGreaterThan(Date.now() - 60_000);

    const again = await cli.run(["revoke", key, "--yes"]);
    expect(again).toEqual({
      code: 0,
      stdout: `Key ${claims.kid} of project shop was revoked before, at ${revokedAt}\n`,
      stderr: "",
    });
    expect(await cli.redis.hgetall("keys:revoked")).toEqual({ [`shop:${claims.kid}`]: revokedAt });
    const { stdout } = await cli.run(["list"]);
    expect(stdout).toContain("revoked");
  });

  test("takes it from standard input, with or without its project", async () => {
    const { key, claims } = await create("--project", "shop", "--scope", "w");
    const outcome = await cli.run(["revoke", "-", "-y", "--project", "shop"], {}, ` ${key}\n`);
    expect(outcome.code).toBe(0);
    expectNoKey(outcome, key);
    expect(await cli.redis.hkeys("keys:revoked")).toEqual([`shop:${claims.kid}`]);
  });

  test("takes a kid with its project, also one that is not listed", async () => {
    expect(await cli.run(["revoke", "k1", "--project", "shop", "-y"])).toMatchObject({ code: 0 });
    expect(await cli.redis.hkeys("keys:revoked")).toEqual(["shop:k1"]);
  });

  test.each([
    [
      "mistyped",
      (key: string) => key.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
      "the key is mistyped",
    ],
    ["cut off", (key: string) => key.slice(0, -25), "the key is not whole"],
    ["redacted", (key: string) => key.replace(/[^_]+$/, "[redacted]"), "the key is not whole"],
    [
      "another deployment's",
      () => createKey({ scope: "w", projectId: "p", kid: "k9" }, "other"),
      "was not signed with a secret of this deployment",
    ],
  ])("takes one that is %s, and says so", async (_, change, note) => {
    const { key } = await create("--project", "p", "--scope", "w");
    const given = change(key);
    const outcome = await cli.run(["revoke", given, "--yes"]);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/^Note: /);
    expect(outcome.stderr).toContain(note);
    expectNoKey(outcome, key);
    const [, , , kid] = given.split("_");
    expect(await cli.redis.hkeys("keys:revoked")).toEqual([`p:${kid}`]);
  });

  test("asks first, and does nothing where nobody can be asked", async () => {
    const outcome = await cli.run(["revoke", "k1", "--project", "shop"]);
    expect(outcome).toEqual({
      code: 2,
      stdout: "",
      stderr: `sluice: Revoke key k1 of project shop at ${cli.redisUrl} for good? Pass --yes where nobody can be asked\n`,
    });
    expect(await cli.redis.exists("keys:revoked")).toBe(0);
  });

  test.each([
    [
      "a kid without a project",
      ["k1"],
      "A kid needs its project: pass --project, or give the whole key",
    ],
    ["what is neither", ["hunter2-is-my-password!"], "neither a key"],
    ["nothing", ["-"], "No key given: it is empty"],
    [
      "another project",
      ["slu_w_shop_k1_00", "--project", "blog"],
      "The key is of project shop, and --project says blog",
    ],
  ])("refuses %s, and does not show it", async (_, args, message) => {
    const { code, stdout, stderr } = await cli.run(["revoke", ...args, "--yes"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("hunter2");
  });

  test.each([
    ["is away", NOBODY, "nothing listens there (ECONNREFUSED)"],
    ["is not given", "", "No Redis given"],
  ])("fails loudly while Redis %s", async (_, url, reason) => {
    const env = { UPSTASH_REDIS_REST_URL: url };
    const { code, stdout, stderr } = await cli.run(["revoke", "k1", "--project", "p", "-y"], env);
    expect([code === 0, stdout]).toEqual([false, ""]);
    expect(stderr).toContain(reason);
  });

  test("fails loudly when Redis refuses to write", async () => {
    await cli.redis.set("keys:revoked", "not a hash");
    const { code, stdout, stderr } = await cli.run(["revoke", "k1", "--project", "p", "-y"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`sluice: Cannot revoke the key in Redis at ${cli.redisUrl}: `);
    expect(stderr).toContain("WRONGTYPE");
  });
});

describe("sluice keys inspect", () => {
  test("says what a key is, whose it is, and whether it is revoked", async () => {
    const { key, claims } = await create(
      "--project",
      "shop",
      "--scope",
      "w",
      "--expires",
      "2099-01-31",
    );
    const { code, stdout, stderr } = await cli.run(["inspect", "-"], {}, `${key}\n`);
    expect([code, stderr, stdout]).toEqual([
      0,
      "",
      "project   shop\n" +
        `kid       ${claims.kid}\n` +
        "scope     write\n" +
        "expires   2099-01-31T00:00:00.000Z\n" +
        "checksum  fits\n" +
        "signed    by the secret in use\n" +
        "revoked   no\n" +
        "verdict   valid\n",
    ]);
    await cli.run(["revoke", key, "-y"]);
    const revoked = await cli.run(["inspect", key]);
    expect(revoked.code).toBe(1);
    expect(revoked.stdout).toContain("verdict   refused: it is revoked\n");
  });

  test.each([
    [
      "mistyped",
      (key: string) => `${key.slice(0, -1)}${key.endsWith("0") ? 1 : 0}`,
      { form: "mistyped" },
    ],
    ["cut off", (key: string) => key.slice(0, -3), { form: "malformed" }],
    [
      "foreign",
      () => createKey({ scope: "w", projectId: "p", kid: "k1" }, "other"),
      { signature: "foreign" },
    ],
    [
      "expired",
      () => createKey({ scope: "w", projectId: "p", kid: "k1", expiresAt: 1 }, SECRET),
      { form: "whole", signature: "current", expires_at: "1970-01-01T00:00:01.000Z" },
    ],
  ])("ends with 1 for one that is %s", async (_, change, expected) => {
    const { key } = await create("--project", "p", "--scope", "w");
    const outcome = await cli.run(["inspect", change(key), "--json"]);
    expect(outcome.code).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ ...expected, is_refused: true });
    expectNoKey(outcome, key);
  });

  test("needs neither a secret nor Redis, and says what it cannot know", async () => {
    const { key } = await create("--project", "p", "--scope", "w");
    const nothing = { KEY_SECRET: "", UPSTASH_REDIS_REST_URL: "", DATA_DIR: "absent" };
    const { code, stdout } = await cli.run(["inspect", key], nothing);
    expect(code).toBe(0);
    expect(stdout).toContain("signed    not checked\nrevoked   not known: no Redis is given\n");
    expect(stdout).toContain("verdict   nothing against it\n");
    const away = await cli.run(["inspect", key], { UPSTASH_REDIS_REST_URL: NOBODY });
    expect(away.stdout).toContain(
      `revoked   not known: Cannot ask for the key's revocation in Redis at ${NOBODY}`,
    );
  });

  test("refuses a kid, and what is no key", async () => {
    expect(await cli.run(["inspect", "k1"])).toMatchObject({ code: 2 });
    const { code, stderr } = await cli.run(["inspect", "Bearer hunter2"]);
    expect(code).toBe(2);
    expect(stderr).not.toContain("hunter2");
  });
});

test("a key in the wrong place is not echoed", async () => {
  const { key } = await create("--project", "p", "--scope", "w");
  for (const args of [
    [key],
    ["revoke", key, key],
    ["list", "--project", key],
    ["create", `--${key}`],
  ]) {
    const outcome = await cli.run(args);
    expect(outcome.code).toBe(2);
    expectNoKey(outcome, key);
  }
});
