import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { followLogs } from "../../../local/follow-logs.ts";
import { sayWarnings } from "../../../local/say-warnings.ts";

let dataDir: string;
let logDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "sluice-logs-"));
  logDir = join(dataDir, "logs");
  mkdirSync(logDir);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function log(part: string, ...lines: readonly object[]): void {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  appendFileSync(join(logDir, `${part}.log`), text);
}

function at(second: number, level: string, msg: string) {
  return { level, time: `2026-06-01T12:00:0${second}.000Z`, msg };
}

describe("followLogs()", () => {
  test("hands on what comes after the beginning, line by line, of files that begin later, too", () => {
    appendFileSync(join(logDir, "edge.log"), "before\n");
    const lines: string[] = [];
    const follower = followLogs(logDir, (part, line) => lines.push(`${part}: ${line}`));
    appendFileSync(join(logDir, "edge.log"), "first\nsec");
    follower.read();
    appendFileSync(join(logDir, "edge.log"), "ond\n");
    appendFileSync(join(logDir, "worker.log"), "third\n");
    follower.read();
    expect(lines).toEqual(["edge: first", "edge: second", "worker: third"]);
  });

  test("begins again when a part has begun a new file", () => {
    appendFileSync(join(logDir, "edge.log"), "a long line before\n");
    const lines: string[] = [];
    const follower = followLogs(logDir, (_, line) => lines.push(line));
    writeFileSync(join(logDir, "edge.log"), "new\n");
    follower.read();
    expect(lines).toEqual(["new"]);
  });
});

describe("sayWarnings()", () => {
  test("says warnings and worse, without secrets, and counts what would be too much", () => {
    const said: string[] = [];
    let nowMs = 0;
    const warnings = sayWarnings(
      logDir,
      (line) => said.push(line),
      () => nowMs,
    );
    log("worker", at(1, "info", "worker started"), at(2, "warn", "NATS disconnected"));
    log("nats", { a: "line of its own form" });
    log("edge", { ...at(3, "error", "no login"), url: "nats://edge:secret@host" });
    warnings.read();
    expect(said).toEqual([
      "12:00:03.000 edge error no login  url=nats://edge:[redacted]@host",
      "12:00:02.000 worker warn  NATS disconnected",
    ]);
    log("worker", ...Array.from({ length: 20 }, () => at(4, "warn", "again")));
    warnings.read();
    expect(said).toHaveLength(10);
    nowMs += 10_000;
    warnings.read();
    expect(said.at(-1)).toBe(`… and 12 more such lines in ${logDir}`);
  });
});

describe("npm run logs", () => {
  function run(...args: readonly string[]) {
    const script = fileURLToPath(new URL("../../../local/logs.ts", import.meta.url));
    const flags = ["--disable-warning=ExperimentalWarning", script, ...args];
    const env = { ...process.env, DATA_DIR: dataDir };
    return spawnSync(process.execPath, flags, { env, encoding: "utf8" });
  }

  test("shows lines of all parts in the order of time", () => {
    log("edge", at(1, "info", "one"), at(3, "warn", "three"));
    log("worker", at(2, "info", "two"), at(4, "debug", "four"));
    appendFileSync(join(logDir, "nats.log"), "[1] ready\n");
    expect(run().stdout.split("\n")).toEqual([
      "12:00:01.000 edge info  one",
      "12:00:02.000 worker info  two",
      "12:00:03.000 edge warn  three",
      "",
    ]);
    expect(run("--level", "warn").stdout).toBe("12:00:03.000 edge warn  three\n");
    expect(run("nats").stdout).toBe("nats  [1] ready\n");
    expect(run("edge", "--lines", "1").stdout).toBe("12:00:03.000 edge warn  three\n");
  });

  test("says what it cannot show", () => {
    expect(run()).toMatchObject({
      status: 2,
      stderr: `Cannot show logs: there are no logs in ${logDir}\n`,
    });
    log("edge", at(1, "info", "one"));
    expect(run("egde").stderr).toBe('Cannot show logs: there is no log of "egde", only of edge\n');
    expect(run("--level", "loud").stderr).toContain('there is no level "loud", only trace,');
    expect(run("--lines", "many").stderr).toContain('"many" is no number of lines');
  });
});
