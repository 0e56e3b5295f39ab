import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ArchiveReport } from "../../../contract/archive-report.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createEvents } from "../worker/publisher.ts";
import { useWorkerServices } from "../worker/services.ts";
import { readExport } from "../worker-http/read-export.ts";
import { runSluice } from "./run-sluice.ts";

const TOKEN = "token-of-the-worker";
const DAY_MS = 86_400_000;

/** The command with a real worker, database and cold tier behind it. */
describe("sluice archive", () => {
  const services = useWorkerServices(startPostgres);
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sluice-archive-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("moves old days; exports and erasures reach them there", async () => {
    const worker = await services.startReadyWorker({
      WORKER_TOKEN: TOKEN,
      SCRATCH_DIR: join(folder, "scratch"),
      COLD_URL: pathToFileURL(join(folder, "cold")).href,
      // Nothing is moved but by the command.
      HOT_DAYS: "36500",
    });
    const old = createEvents(100, Date.now() - 100 * DAY_MS);
    const events = [...old, ...createEvents(50)];
    await services.publisher.publish("shop", events);
    await services.publisher.waitUntilDrained();

    const planned = await archive("--older-than", "30d", "--dry-run");
    expect(planned).toMatchObject({ dry_run: true, events: 100, floor: null });
    expect(await services.countRows("shop")).toBe(150);

    const moved = await archive("--older-than", "30d");
    expect(moved).toMatchObject({ dry_run: false, ran: true, events: 100 });
    expect(await services.countRows("shop")).toBe(50);
    expect((await archive("--older-than", "30d")).events).toBe(0);

    expect(await exported()).toEqual(events.toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1)));
    const erased = await post("/erase", { project_id: "shop", user_id: "user-0" });
    expect(await erased.json()).toMatchObject({ removed: { hot: 1, cold: 1, dead_letters: 0 } });
    expect(await exported()).toHaveLength(148);

    async function archive(...args: string[]): Promise<ArchiveReport> {
      const { child, done } = runSluice(["archive", "--json", ...args], {
        cwd: folder,
        env: { WORKER_URL: worker.url, WORKER_TOKEN: TOKEN },
      });
      child.stdin?.end();
      const { code, stdout, stderr } = await done;
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    }

    async function exported() {
      const range = { from: "2000-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" };
      const response = await post("/export", { project_id: "shop", format: "parquet", ...range });
      return readExport("parquet", Buffer.from(await response.arrayBuffer()));
    }

    function post(path: string, body: object): Promise<Response> {
      return fetch(worker.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
    }
  });
});
