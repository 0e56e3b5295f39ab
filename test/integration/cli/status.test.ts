import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../../cli/status/snapshot.ts";
import { poll } from "../../support/poll.ts";
import { answerJson, type HttpDouble, startHttpDouble } from "./http-double.ts";
import { runSluice } from "./run-sluice.ts";

/** Nothing listens there. Of the ports that fetch does not refuse by itself. */
const NOBODY = "127.0.0.1:4";

let cwd: string;
let worker: HttpDouble;

/** A worker that stores ten events between any two looks. */
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  let stored = 0;
  worker = await startHttpDouble((response, { url, headers }) => {
    if (url === "/readyz") return answerJson(response, 200, { status: "ready", parts: {} });
    if (headers.authorization !== "Bearer token") return answerJson(response, 401, {});
    stored += 10;
    response.end(
      `sluice_worker_events_total{outcome="stored",intake="live"} ${stored}\nsluice_freshness_seconds 0.5\n`,
    );
  });
});

afterAll(async () => {
  await worker?.close();
  rmSync(cwd, { recursive: true, force: true });
});

function start(args: readonly string[], env: Record<string, string> = {}) {
  const run = runSluice(["status", ...args], {
    cwd,
    env: { WORKER_URL: worker.url, WORKER_TOKEN: "token", ...env },
  });
  run.child.stdin?.end();
  return run;
}

describe("sluice status", () => {
  test("prints one snapshot with rates, and names the parts that are away", async () => {
    const env = { SLUICE_URL: `http://${NOBODY}`, NATS_URL: `nats://${NOBODY}` };
    const { code, stdout, stderr } = await start([], env).done;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Sluice: the deployment of SLUICE_URL, WORKER_URL, NATS_URL {2}/);
    expect(stdout).toMatch(/^stored +[\d.]+\/s/m);
    expect(stdout).toMatch(/^edge {9}away {6}nothing listens there \(ECONNREFUSED\)$/m);
    expect(stdout).toMatch(/^worker {7}ready$/m);
    expect(stdout).toMatch(/^NATS {9}away {6}connection refused$/m);
  });

  test("prints snapshots as lines of JSON until it is told to stop", async () => {
    const run = start(["--watch", "--json", "--interval", "200ms"]);
    await poll("three snapshots", () => run.output.stdout.split("\n").length > 4);
    run.child.kill("SIGTERM");
    const { code, stdout } = await run.done;
    expect(code).toBe(143);
    const snapshots = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Snapshot);
    expect(snapshots.at(-1)).toMatchObject({
      freshness_seconds: 0.5,
      parts: { edge: { state: "unknown" }, worker: { state: "ready" } },
    });
    expect(snapshots.at(-1)?.stored_per_second).toBeGreaterThan(0);
  });

  test("ends with 1 when no part answers", async () => {
    const { code, stdout } = await start(["--once"], { WORKER_URL: `http://${NOBODY}` }).done;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^worker {7}away/m);
  });

  test.each<[string[], Record<string, string>, string]>([
    [["--interval", "soon"], {}, '"soon" is not a time from 200ms to 60m, such as 2s.'],
    [["--interval", "1ms"], {}, '"1ms" is not a time from 200ms to 60m'],
    [["--watch", "--once"], {}, "option '--watch' cannot be used with option '--once'"],
    [[], { WORKER_URL: "" }, "sluice: Nothing to look at: set SLUICE_URL, WORKER_URL, NATS_URL"],
    [
      [],
      { WORKER_URL: "", DATABASE_URL: "postgres://u:p@db/x" },
      "sluice: Nothing to show: set SLUICE_URL, WORKER_URL or NATS_URL",
    ],
  ])("refuses %j with %j", async (args, env, message) => {
    const { code, stdout, stderr } = await start(args, env).done;
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });
});
