import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadSecrets } from "../../../local/secrets.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

let tempDir: TempDir;

beforeEach(async () => {
  tempDir = await makeTempDir("secrets");
});
afterEach(() => tempDir.remove());

describe("loadSecrets()", () => {
  it("makes secrets once, readable by the owner alone", async () => {
    const secrets = await loadSecrets(tempDir.path);
    expect(new Set(Object.values(secrets)).size).toBe(9);
    expect(await loadSecrets(tempDir.path)).toEqual(secrets);
    const { mode } = await stat(join(tempDir.path, "secrets.json"));
    expect(mode & 0o777).toBe(0o600);
  });

  it("keeps those of an older version, and adds what they lack for good", async () => {
    const path = join(tempDir.path, "secrets.json");
    const { metricsToken: _, ...older } = await loadSecrets(tempDir.path);
    await writeFile(path, JSON.stringify(older));
    const secrets = await loadSecrets(tempDir.path);
    expect(secrets).toEqual({ ...older, metricsToken: expect.stringMatching(/^[0-9a-f]{48}$/) });
    expect(await loadSecrets(tempDir.path)).toEqual(secrets);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(secrets);
  });

  it("gives two that make them at once the same", async () => {
    const [first, second] = await Promise.all([
      loadSecrets(tempDir.path),
      loadSecrets(tempDir.path),
    ]);
    expect(first).toEqual(second);
  });
});
