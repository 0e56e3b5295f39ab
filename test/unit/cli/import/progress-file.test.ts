import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NO_PROGRESS, ProgressFile, progressPath } from "../../../../cli/import/progress-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sluice-progress-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("ProgressFile", () => {
  const settings = { "--batch-size": 10, "--infer-types": false };
  const progress = { ...NO_PROGRESS, batches: 3, line: 31, digest: "ab", read: 30, accepted: 30 };
  const create = (given: Record<string, string | number | boolean> = settings) =>
    new ProgressFile(progressPath(directory, ["a", "b"]), "a.csv", given);

  test("keeps progress and leaves nothing else behind", () => {
    expect(create().load()).toBeUndefined();
    create().save(NO_PROGRESS);
    create().save(progress);
    expect(create().load()).toEqual(progress);
    expect(readdirSync(directory)).toEqual([
      expect.stringMatching(/^\.sluice-import-[0-9a-f]{16}\.json$/),
    ]);
    create().remove();
    create().remove();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("refuses other settings by name", () => {
    create().save(progress);
    expect(() => create({ ...settings, "--batch-size": 20 }).load()).toThrow(
      "begun with --batch-size 10, not 20",
    );
    expect(() => create({ ...settings, "--types": "x" }).load()).toThrow(
      "begun with --types unset, not x",
    );
  });

  test.each([
    "",
    "{}",
    "null",
    '{"v":1,"settings":{},"progress":{"batches":"3"}}',
    '{"v":2}',
    JSON.stringify({ v: 1, settings: null, progress: NO_PROGRESS }),
    JSON.stringify({ v: 1, settings, progress: null }),
    JSON.stringify({ v: 1, settings, progress: { ...NO_PROGRESS, batches: -1 } }),
    JSON.stringify({ v: 1, settings, progress: { ...NO_PROGRESS, batches: 0.5 } }),
    JSON.stringify({ v: 1, settings, progress: { ...NO_PROGRESS, rejectsBytes: 1e300 } }),
  ])("refuses what it cannot read: %s", (content) => {
    writeFileSync(create().path, content);
    expect(() => create().load()).toThrow("start over with --restart");
  });

  test("refuses a directory in its place", () => {
    mkdirSync(create().path);
    expect(() => create().load()).toThrow("start over with --restart");
  });
});

describe("progressPath()", () => {
  test("differs by part", () => {
    expect(progressPath("d", ["a", "b"])).not.toBe(progressPath("d", ["a", "c"]));
  });
});
