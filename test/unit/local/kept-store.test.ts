import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepStore } from "../../../local/kept-store.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

let tempDir: TempDir;

beforeEach(async () => {
  tempDir = await makeTempDir("kept-store");
});
afterEach(() => tempDir.remove());

it("keepStore() lets a data directory be started with the store that it has, and no other", async () => {
  await keepStore(tempDir.path, "duckdb");
  await keepStore(tempDir.path, "duckdb");
  await expect(keepStore(tempDir.path, "timescale")).rejects.toThrow(
    `Cannot start: the events in ${tempDir.path} are kept in duckdb, not timescale: set DATA_DIR to another folder, and move them with sluice export and sluice import`,
  );
});

it("keepStore() knows a data directory that is older than the choice by its database", async () => {
  await mkdir(join(tempDir.path, "timescale"));
  await writeFile(join(tempDir.path, "timescale", "initialized"), "");
  await expect(keepStore(tempDir.path, "duckdb")).rejects.toThrow("are kept in timescale");
  await keepStore(tempDir.path, "timescale");
});
