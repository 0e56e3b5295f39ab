import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyPrometheusFiles, PROMTOOL, runPromtool } from "../../support/metrics/promtool.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

describe.skipIf(PROMTOOL === undefined)("deploy/prometheus, as promtool sees it", () => {
  let dir: TempDir;
  beforeAll(async () => {
    dir = await makeTempDir("prometheus");
    await copyPrometheusFiles(dir.path, "a token");
  });
  afterAll(() => dir.remove());

  it("has rules that are valid", () => {
    expect(runPromtool(["check", "rules", join(dir.path, "alerts.yml")])).toMatch(
      /\d+ rules found/,
    );
  });

  it("has a configuration that is valid, also with the regions of an edge on Cloudflare", async () => {
    const path = join(dir.path, "prometheus.yml");
    expect(runPromtool(["check", "config", path])).toContain("1 rule files found");
    const lines = (await readFile(path, "utf8")).split("\n");
    const commented = /^( {6})# (?=- targets: \["events| {2}labels: )/;
    expect(lines.filter((line) => commented.test(line))).toHaveLength(4);
    const withRegions = join(dir.path, "regions.yml");
    await writeFile(withRegions, lines.map((line) => line.replace(commented, "$1")).join("\n"));
    expect(runPromtool(["check", "config", withRegions])).toContain("is valid");
  });

  it("has alerts that fire when they should, and not when they nearly should", () => {
    expect(runPromtool(["test", "rules", join(dir.path, "alerts.test.yml")])).toContain("SUCCESS");
  });
});
