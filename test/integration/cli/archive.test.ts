import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArchiveReport } from "../../../contract/archive-report.ts";
import { answerJson, type HttpDouble, startHttpDouble } from "./http-double.ts";
import { runSluice } from "./run-sluice.ts";

const REPORT: ArchiveReport = {
  dry_run: false,
  ran: true,
  floor_before: null,
  floor: "2024-03-15T00:00:00Z",
  target: "2024-03-15T00:00:00Z",
  archived: [
    { project_id: "shop", month: "2024-02", events: 1_200_000, bytes: 18_400_000, files: 2 },
    { project_id: "shop", month: "2024-03", events: 40, bytes: 900, files: 1 },
  ],
  events: 1_200_040,
  bytes: 18_400_900,
  is_cleared: true,
  elapsed_ms: 4_000,
};

let cwd: string;
let worker: HttpDouble;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
});
afterEach(async () => {
  await worker?.close();
  rmSync(cwd, { recursive: true, force: true });
});

async function startWorker(answer: (response: ServerResponse) => void) {
  worker = await startHttpDouble(answer);
}

function sluice(args: readonly string[], env?: Record<string, string>) {
  const { child, done } = runSluice(["archive", ...args], {
    cwd,
    env: env ?? { WORKER_URL: worker.url, WORKER_TOKEN: "token-of-the-worker" },
  });
  child.stdin?.end();
  return done;
}

function startReporting(report: Partial<ArchiveReport>) {
  return startWorker((response) => answerJson(response, 200, { ...REPORT, ...report }));
}

describe("sluice archive", () => {
  test("asks the worker and prints what was moved", async () => {
    await startReporting({});
    expect(await sluice(["--older-than", "30d"])).toEqual({
      code: 0,
      stderr: "",
      stdout:
        "PROJECT  MONTH       EVENTS  FILES  SIZE\n" +
        "shop     2024-02  1,200,000      2  18.4 MB\n" +
        "shop     2024-03         40      1  900 B\n" +
        "Archived 1,200,040 events from before 2024-03-15 into 18.4 MB\n",
    });
    expect(worker.requests).toEqual([
      {
        method: "POST",
        url: "/archive",
        authorization: "Bearer token-of-the-worker",
        body: '{"dry_run":false,"older_than_ms":2592000000}',
      },
    ]);
  });

  test("only says what would be moved", async () => {
    const archived = [
      { project_id: "shop", month: "2024-02", events: 7, bytes: null, files: null },
    ];
    await startReporting({ dry_run: true, archived, events: 7, bytes: null, floor: null });
    const { stdout } = await sluice(["--dry-run"]);
    expect(stdout).toBe(
      "PROJECT  MONTH    EVENTS\nshop     2024-02       7\nWould archive 7 events from before 2024-03-15\n",
    );
    expect(worker.requests[0]?.body).toBe('{"dry_run":true}');
  });

  test.each([
    [{ archived: [], events: 0, bytes: 0 }, 0, "Nothing to archive before 2024-03-15\n"],
    [{ ran: false }, 1, "Another worker is archiving: nothing was done here\n"],
  ])("says of %j that nothing was done", async (report, status, message) => {
    await startReporting(report);
    expect(await sluice([])).toMatchObject({ code: status, stdout: message });
  });

  test("says that rows are still to be removed from the database", async () => {
    await startReporting({ is_cleared: false });
    expect((await sluice([])).stdout).toContain(
      "The database still holds some of them, which count once: the next run removes them\n",
    );
  });

  test("prints the report as JSON", async () => {
    await startReporting({});
    expect(JSON.parse((await sluice(["--json"])).stdout)).toEqual(REPORT);
  });

  test("finds the local stack's worker and its token, which no other worker is given", async () => {
    await startReporting({});
    const local = { worker_url: worker.url };
    writeFileSync(join(cwd, "local.json"), JSON.stringify(local));
    writeFileSync(join(cwd, "secrets.json"), JSON.stringify({ workerToken: "local-token" }));
    expect((await sluice([], { DATA_DIR: "." })).code).toBe(0);
    expect(worker.requests[0]?.authorization).toBe("Bearer local-token");
    const other = await sluice(["--worker-url", "http://127.0.0.1:1"], { DATA_DIR: "." });
    expect(other).toMatchObject({
      code: 2,
      stderr:
        "sluice: No token given for the worker at http://127.0.0.1:1: pass --worker-token or set WORKER_TOKEN to the worker's own\n",
    });
  });

  test("says why the worker refuses", async () => {
    const problem = {
      title: "No such resource",
      detail: "No cold tier is configured: set COLD_URL for the worker",
    };
    await startWorker((response) => answerJson(response, 404, problem));
    expect(await sluice([])).toMatchObject({
      code: 1,
      stderr: `sluice: Cannot archive with the worker at ${worker.url}: it answered 404, No such resource: No cold tier is configured: set COLD_URL for the worker\n`,
    });
  });

  test.each([
    [["--older-than", "soon"], {}, '"soon" is not an age such as 30d, 6w or 36h.'],
    [["now"], {}, "too many arguments"],
    [
      [],
      {},
      "No worker given: pass --worker-url, set WORKER_URL, or start the local stack with npm start (there is no .data/local.json)",
    ],
    [
      [],
      { WORKER_URL: "worker:8790" },
      'Cannot read the server\'s URL: "worker:8790" does not begin with https:// or http://',
    ],
  ])("refuses %j", async (args, env, message) => {
    const { code, stderr } = await sluice(args, env);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
