import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createKey, type KeyClaims, verifyKey } from "../../../contract/key.ts";
import { createKeysCli, type KeysCli, NOBODY, OTHER_SECRET, SECRET } from "./keys-cli.ts";

let cli: KeysCli;

beforeAll(async () => {
  cli = await createKeysCli();
});
afterAll(() => cli?.close());
beforeEach(() => cli.redis.flushall());

/** A key of SECRET, with options such as `--label`. */
async function create(...args: readonly string[]): Promise<KeyClaims> {
  const { stdout } = await cli.run(["create", "--project", "shop", "--scope", "w", ...args]);
  return claimsOf(stdout.trimEnd(), SECRET);
}

function claimsOf(key: string, secret: string): KeyClaims {
  const verdict = verifyKey(key, [secret]);
  if (verdict.status !== "genuine") throw new Error(`Cannot use key: it is ${verdict.status}`);
  return verdict.claims;
}

describe("sluice keys rotate-secret, for a deployment", () => {
  test("prints a new secret alone, and the steps beside it", async () => {
    const { code, stdout, stderr } = await cli.run(["rotate-secret"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    const steps = [
      "printenv KEY_SECRET | npx wrangler secret put KEY_SECRET_PREVIOUS",
      "npx wrangler secret put KEY_SECRET    # asks for it",
      "sluice keys rotate-secret --reissue",
      "npx wrangler secret delete KEY_SECRET_PREVIOUS",
    ].map((step) => stderr.indexOf(step));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(stderr).not.toContain(stdout.trimEnd());
    expect(stderr).not.toContain(SECRET);
  });

  test("writes it to a new file that its owner alone can read", async () => {
    const { code, stdout, stderr } = await cli.run(["rotate-secret", "--output", "new-secret"]);
    expect([code, stdout]).toEqual([0, ""]);
    const path = join(cli.cwd, "new-secret");
    const secret = await readFile(path, "utf8");
    expect(secret).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(stderr).toContain("npx wrangler secret put KEY_SECRET < new-secret\n");
    expect(stderr).not.toContain(secret.trimEnd());

    const again = await cli.run(["rotate-secret", "--output", "new-secret"]);
    expect(again).toEqual({
      code: 1,
      stdout: "",
      stderr: "sluice: Cannot write new-secret: it exists, and is not replaced\n",
    });
    expect(await readFile(path, "utf8")).toBe(secret);
    const nowhere = await cli.run(["rotate-secret", "--output", "absent/new-secret"]);
    expect(nowhere).toMatchObject({
      code: 1,
      stderr: "sluice: Cannot write absent/new-secret: ENOENT\n",
    });
  });

  test("names the file of the present secret, if it is in one", async () => {
    await writeFile(join(cli.cwd, "secret"), SECRET);
    const env = { KEY_SECRET: "", KEY_SECRET_FILE: "secret" };
    const { stderr } = await cli.run(["rotate-secret"], env);
    expect(stderr).toContain('npx wrangler secret put KEY_SECRET_PREVIOUS < "$KEY_SECRET_FILE"\n');
  });

  test("refuses while another rotation goes on", async () => {
    const { code, stdout, stderr } = await cli.run(["rotate-secret"], {
      KEY_SECRET_PREVIOUS: OTHER_SECRET,
    });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("KEY_SECRET_PREVIOUS is set: finish the last rotation first");
  });

  test("says how it is finished", async () => {
    const { code, stdout, stderr } = await cli.run(["rotate-secret", "--finish"]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("npx wrangler secret delete KEY_SECRET_PREVIOUS");
  });

  test.each([
    [["--json"], "--json goes with --reissue"],
    [["--reissue", "--finish"], "option '--reissue' cannot be used with option '--finish'"],
    [["--finish", "-o", "x"], "option '--finish' cannot be used with option '-o, --output <file>'"],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await cli.run(["rotate-secret", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });
});

describe("sluice keys rotate-secret --reissue", () => {
  const rotated = { KEY_SECRET: OTHER_SECRET, KEY_SECRET_PREVIOUS: SECRET };

  async function reissue(): Promise<Record<string, string>[]> {
    const { code, stdout } = await cli.run(["rotate-secret", "--reissue", "--json"], rotated);
    expect(code).toBe(0);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  test("replaces each valid key of the previous secret, and nothing else", async () => {
    const first = await create("--label", "checkout", "--expires", "2099-01-31");
    const second = await create();
    const revoked = await create();
    await cli.run(["revoke", revoked.kid, "--project", "shop", "--yes"]);
    const expired = {
      scope: "w",
      created_at: "2020-01-01T00:00:00Z",
      expires_at: "2020-01-02T00:00:00Z",
    };
    await cli.redis.hset("keys:known", "shop:expired", JSON.stringify(expired));
    await cli.run(["create", "--project", "shop", "--scope", "r"], { KEY_SECRET: OTHER_SECRET });

    const replacements = await reissue();
    expect(replacements).toMatchObject([
      {
        replaces: first.kid,
        scope: "w",
        label: "checkout",
        expires_at: "2099-01-31T00:00:00.000Z",
      },
      { replaces: second.kid, scope: "w", label: null, expires_at: null },
    ]);
    for (const [index, old] of [first, second].entries()) {
      const { kid, ...claims } = claimsOf(replacements[index]?.key ?? "", OTHER_SECRET);
      const { kid: oldKid, ...oldClaims } = old;
      expect(claims).toEqual(oldClaims);
      expect(kid).not.toBe(oldKid);
    }
    const listed = await cli.run(["list", "--json"], rotated);
    const states = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).state);
    expect(states.toSorted()).toEqual(["expired", "revoked", ...Array(5).fill("valid")]);
  });

  test("prints the same keys when it is done again", async () => {
    await create("--expires", "90d");
    const first = await reissue();
    expect(await reissue()).toEqual(first);
    // One that was revoked meanwhile takes over from nobody.
    await cli.run(["revoke", first[0]?.key ?? "", "--yes"], rotated);
    const [third] = await reissue();
    expect(third?.replaces).toBe(first[0]?.replaces);
    expect(third?.kid).not.toBe(first[0]?.kid);
  });

  test("prints them whole as a table", async () => {
    const { kid } = await create("--label", "checkout");
    const { stdout, stderr } = await cli.run(["rotate-secret", "--reissue"], rotated);
    const [, row = ""] = stdout.split("\n");
    const [project, scope, oldKid, expires, label, key = ""] = row.split(/ {2,}/);
    expect([project, scope, oldKid, expires, label]).toEqual([
      "shop",
      "write",
      kid,
      "never",
      "checkout",
    ]);
    expect(claimsOf(key, OTHER_SECRET)).toMatchObject({ scope: "w", projectId: "shop" });
    expect(stderr).toBe(
      "1 replacement: the keys before them are valid until sluice keys rotate-secret --finish\n",
    );
  });

  test("has nothing to do where nothing is listed, or no rotation goes on", async () => {
    expect(await cli.run(["rotate-secret", "--reissue"], rotated)).toEqual({
      code: 0,
      stdout: "",
      stderr: "No listed key was signed with the previous secret\n",
    });
    expect(await cli.run(["rotate-secret", "--reissue"])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "sluice: Nothing to replace: KEY_SECRET_PREVIOUS is not set, so no key of another secret is valid\n",
    });
  });

  test("prints no key that Redis did not list", async () => {
    await create();
    const env = { ...rotated, UPSTASH_REDIS_REST_URL: NOBODY };
    const { code, stdout, stderr } = await cli.run(["rotate-secret", "--reissue"], env);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("Cannot read the list of keys in Redis");
  });
});

describe("sluice keys, for the local stack", () => {
  beforeEach(() => cli.writeLocalStack());

  test("makes, lists and revokes keys with its secrets and its Redis", async () => {
    const { code, stdout } = await cli.runLocally(["create", "--project", "p", "--scope", "w"]);
    expect(code).toBe(0);
    const { kid } = claimsOf(stdout.trimEnd(), SECRET);
    expect((await cli.runLocally(["list"])).stdout).toContain(kid);
    expect(await cli.runLocally(["revoke", stdout.trimEnd(), "-y"])).toMatchObject({ code: 0 });
    expect(await cli.redis.hkeys("keys:revoked")).toEqual([`p:${kid}`]);
  });

  test("makes a key while it does not run", async () => {
    await cli.writeLocalStack(false);
    const { code, stdout, stderr } = await cli.runLocally([
      "create",
      "--project",
      "p",
      "--scope",
      "w",
    ]);
    expect(code).toBe(0);
    claimsOf(stdout.trimEnd(), SECRET);
    expect(stderr).toContain(
      "Warning: the key is valid, but sluice keys list does not show it: no Redis is given\n",
    );
    const revoked = await cli.runLocally(["revoke", stdout.trimEnd(), "-y"]);
    expect(revoked).toMatchObject({ code: 2, stdout: "" });
    expect(revoked.stderr).toContain("local.json names none");
  });

  test("takes nothing of it for a deployment", async () => {
    const { stderr } = await cli.run(["create", "--project", "p", "--scope", "w"], {
      UPSTASH_REDIS_REST_URL: "",
    });
    expect(stderr).toContain("no Redis is given");
    const other = await cli.run(["create", "--project", "p", "--scope", "w"], { KEY_SECRET: "" });
    expect(other).toMatchObject({ code: 2, stdout: "" });
  });

  test("warns before it revokes the kid of npm start", async () => {
    const key = createKey({ scope: "w", projectId: "demo", kid: "localw" }, SECRET);
    const { code, stderr } = await cli.runLocally(["revoke", key, "--yes"]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      "Note: npm start makes its key with this kid at every start: it is refused for good",
    );
  });

  test("rotates its secret, replaces keys, and finishes", async () => {
    const old = await create();
    const rotated = await cli.runLocally(["rotate-secret"]);
    expect(rotated.code).toBe(0);
    expect(rotated.stdout).toContain("Made a new secret for keys in .data\n");
    const { keySecret = "", keySecretPrevious } = await cli.readLocalSecrets();
    expect(keySecretPrevious).toBe(SECRET);
    expect(rotated.stdout + rotated.stderr).not.toContain(keySecret);

    const again = await cli.runLocally(["rotate-secret"]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain("The last rotation in .data is not finished");

    const unsure = await cli.runLocally(["rotate-secret", "--finish"]);
    expect(unsure).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "sluice: Refuse every key that the previous secret signed, 1 listed key without a replacement among them? Pass --yes where nobody can be asked\n",
    });
    const { stdout } = await cli.runLocally(["rotate-secret", "--reissue", "--json"]);
    const { key, replaces } = JSON.parse(stdout);
    expect(replaces).toBe(old.kid);
    claimsOf(key, keySecret);

    const finished = await cli.runLocally(["rotate-secret", "--finish", "--yes"]);
    expect(finished.code).toBe(0);
    expect(await cli.readLocalSecrets()).toMatchObject({ keySecret });
    expect(await cli.readLocalSecrets()).not.toHaveProperty("keySecretPrevious");
    const listed = await cli.runLocally(["list", "--json"]);
    const states = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(states).toMatchObject([
      { kid: old.kid, state: "retired" },
      { replaces: old.kid, state: "valid" },
    ]);
    expect(await cli.runLocally(["rotate-secret", "--finish", "-y"])).toMatchObject({
      code: 2,
      stderr: "sluice: Nothing to finish in .data: no rotation of the secret is under way\n",
    });
    expect(await cli.runLocally(["rotate-secret", "--reissue"])).toMatchObject({
      code: 2,
      stderr: "sluice: Nothing to replace: no rotation of the secret is under way in .data\n",
    });
  });

  test("leaves its secrets alone with --print", async () => {
    const before = await cli.readLocalSecrets();
    const { code, stdout } = await cli.runLocally(["rotate-secret", "--print"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await cli.readLocalSecrets()).toEqual(before);
  });
});
