import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeLeftovers, withScratchFolder } from "../../../../worker/export/scratch-folder.ts";

let scratchDir: string;

beforeEach(() => {
  scratchDir = mkdtempSync(join(tmpdir(), "sluice-scratch-test-"));
});
afterEach(() => rmSync(scratchDir, { recursive: true, force: true }));

test("withScratchFolder() makes what is missing, and leaves nothing after a failure either", async () => {
  const below = join(scratchDir, "a", "b");
  const failing = withScratchFolder(below, async (folder) => {
    writeFileSync(join(folder, "file"), "x");
    expect(existsSync(join(folder, "file"))).toBe(true);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(readdirSync(below)).toEqual([]);
});

test("removeLeftovers() removes what the dead have left, and nothing else", async () => {
  const ended = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(ended, "exit");
  const names = [
    `export-${ended.pid}-abc`,
    `export-${process.pid}-abc`,
    `export-${process.ppid}-abc`,
    "export-none",
    "cold",
  ];
  for (const name of names) mkdirSync(join(scratchDir, name));
  writeFileSync(join(scratchDir, names[0] ?? "", "events.ndjson"), "x");
  await removeLeftovers(scratchDir);
  expect(readdirSync(scratchDir).toSorted()).toEqual([
    "cold",
    `export-${process.ppid}-abc`,
    "export-none",
  ]);
  await removeLeftovers(join(scratchDir, "missing"));
});
