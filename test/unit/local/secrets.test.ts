import { stat } from "node:fs/promises";
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
    expect(new Set(Object.values(secrets)).size).toBe(5);
    expect(await loadSecrets(tempDir.path)).toEqual(secrets);
    const { mode } = await stat(join(tempDir.path, "secrets.json"));
    expect(mode & 0o777).toBe(0o600);
  });

  it("gives two that make them at once the same", async () => {
    const [first, second] = await Promise.all([
      loadSecrets(tempDir.path),
      loadSecrets(tempDir.path),
    ]);
    expect(first).toEqual(second);
  });
});
