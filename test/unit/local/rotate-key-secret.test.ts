import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { finishKeyRotation, rotateKeySecret } from "../../../local/rotate-key-secret.ts";
import { loadSecrets } from "../../../local/secrets.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

let tempDir: TempDir;

beforeEach(async () => {
  tempDir = await makeTempDir("rotation");
});
afterEach(() => tempDir.remove());

describe("rotateKeySecret()", () => {
  it("makes a new secret and keeps the one before, readable by the owner alone", async () => {
    const before = await loadSecrets(tempDir.path);
    const after = await rotateKeySecret(tempDir.path);
    const { keySecret } = before;
    expect(after).toEqual({
      ...before,
      keySecret: expect.stringMatching(/^[0-9a-f]{48}$/),
      keySecretPrevious: keySecret,
    });
    expect(after.keySecret).not.toBe(keySecret);
    expect(await loadSecrets(tempDir.path)).toEqual(after);
    expect((await stat(join(tempDir.path, "secrets.json"))).mode & 0o777).toBe(0o600);
  });

  it("refuses while the last rotation is not finished, and changes nothing", async () => {
    const secrets = await rotateKeySecret(tempDir.path);
    await expect(rotateKeySecret(tempDir.path)).rejects.toThrow(
      `Cannot rotate the secret in ${tempDir.path}: the last rotation is not finished`,
    );
    expect(await loadSecrets(tempDir.path)).toEqual(secrets);
  });
});

describe("finishKeyRotation()", () => {
  it("drops the previous secret and nothing else", async () => {
    const { keySecretPrevious: _, ...secrets } = await rotateKeySecret(tempDir.path);
    await finishKeyRotation(tempDir.path);
    expect(await loadSecrets(tempDir.path)).toEqual(secrets);
    const stored = await readFile(join(tempDir.path, "secrets.json"), "utf8");
    expect(JSON.parse(stored)).toEqual(secrets);
  });

  it("refuses when none is under way", async () => {
    await loadSecrets(tempDir.path);
    await expect(finishKeyRotation(tempDir.path)).rejects.toThrow(
      `Cannot finish a rotation in ${tempDir.path}: none is under way`,
    );
  });
});
