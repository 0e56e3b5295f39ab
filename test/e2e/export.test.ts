import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ErasureReceipt } from "../../contract/erasure-receipt.ts";
import { createKey, type KeyScope } from "../../contract/key.ts";
import { createUuidV7 } from "../../contract/uuid.ts";
import { loadSecrets } from "../../local/secrets.ts";
import { runSluice } from "../integration/cli/run-sluice.ts";
import { readGitEvents } from "../support/git-events.ts";
import { poll } from "../support/poll.ts";
import { PATIENT, type StackService, startStack } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";
import { makeTempDir, type TempDir } from "../support/temp-dir.ts";
import { isThorough } from "../support/thoroughness.ts";

/**
 * Events leave the system in each format and come back, and a user leaves it for good: as a user of the command line does both. In DuckDB,
 * which is the quickest here; that TimescaleDB and both tiers export the same is tested below the edge.
 */
const { expected } = readGitEvents();
const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const FILE = "../shared/data/git-events.ndjson.gz";
const ALL = { from: "2009-01-01", to: "2027-01-01" };
const COUNTED_TIMEOUT_MS = 200_000;
const FORMATS = ["ndjson.gz", "csv", "parquet"] as const;

let stack: StackService;
let folder: TempDir;
let keySecret: string;
let source: StackClient;

beforeAll(async () => {
  folder = await makeTempDir("exports");
  stack = await startStack({ args: ["--store", "duckdb"], env: PATIENT });
  ({ keySecret } = await loadSecrets(stack.dataDir));
  source = await createStackClient(stack, "source");
});
afterAll(async () => {
  await stack?.stop();
  await folder?.remove();
});

it("imports the events", async () => {
  const { accepted } = await importInto("source", FILE);
  expect(accepted).toBe(expected.events_total);
  await source.waitUntilCounted(COUNTED_TIMEOUT_MS);
});

it.each(FORMATS)("exports them as %s", async (format) => {
  const { events, bytes } = await exportTo(pathOf(format));
  if (format !== "parquet") expect(events).toBe(expected.events_total);
  expect(bytes).toBeGreaterThan(1_000_000);
});

// What sluice import makes of NDJSON is seen at the start, and of Parquet in the integration tests.
it.each(isThorough ? FORMATS : (["csv"] as const))(
  "gives the same answers after an import of %s into another project",
  async (format) => {
    const projectId = `from-${format.replace(".", "-")}`;
    expect(await importInto(projectId, pathOf(format))).toEqual({
      accepted: expected.events_total,
      duplicate: 0,
      rejected: 0,
    });
    const copy = await createStackClient(stack, projectId);
    await copy.waitUntilCounted(COUNTED_TIMEOUT_MS);
    expect(await answersOf(copy)).toEqual(await answersOf(source));
  },
  300_000,
);

it("leaves no file when the worker dies in the middle of an export", async () => {
  const run = startSluice("r", ["export", "-o", pathOf("broken.ndjson")]);
  await poll("the first events", async () => {
    const [part] = (await readdir(folder.path)).filter((name) => name.startsWith("events.broken"));
    return part !== undefined && (await stat(join(folder.path, part))).size > 0;
  });
  await stack.killPart("worker");
  const { code, stderr } = await run;
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(
    /broke off after \d+ bytes: .* was not written\. Run the same command again/,
  );
  expect((await readdir(folder.path)).filter((name) => name.includes("broken"))).toEqual([]);
  await poll("a ready worker", async () => (await fetch(`${stack.worker_url}/readyz`)).ok);
});

it("exports a range, to its ends", async () => {
  const { stdout } = await sluice("r", ["export", "--from", "2024-03-01", "--to", "2024-03-02"]);
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { data } = await source.read("events", {
    interval: "total",
    from: "2024-03-01",
    to: "2024-03-02",
  });
  expect(data).toEqual([{ bucket: "2024-03-01T00:00:00Z", value: events.length }]);
  expect(Object.keys(events[0])).toEqual([
    "event_id",
    "event_type",
    "user_id",
    "occurred_at",
    "properties",
  ]);
});

it("erases a user for good: no replay brings the events back, later ones are new facts", async () => {
  const userId = await findBusyUser();
  const before = await countOf(userId);
  const total = await totalOf();
  expect(before).toBeGreaterThan(10);

  const receipt = await erase(userId);
  expect(receipt.user_id).toBe(userId);
  expect(sum(receipt.removed)).toBe(before);
  expect(await countOf(userId)).toBe(0);
  expect(await totalOf()).toBe(total - before);
  expect(sum((await erase(userId)).removed)).toBe(0);

  const later = {
    event_id: createUuidV7(Date.now()),
    event_type: "signup",
    user_id: userId,
    occurred_at: "2024-03-01T10:00:00.000Z",
    properties: {},
  };
  const response = await source.send(JSON.stringify(later), {}, "?wait=stored");
  expect(await response.json()).toMatchObject({ accepted: 1, stored: true });
  expect(await countOf(userId)).toBe(1);

  await sluice("a", ["replay", "--since", "all", "--project", "source", "--rate", "1000000"]);
  expect(await countOf(userId)).toBe(1);
  await source.waitUntilCounted(COUNTED_TIMEOUT_MS);
  expect(await totalOf()).toBe(total - before + 1);
}, 300_000);

it("says that there is nowhere to archive to", async () => {
  const env = { DATA_DIR: stack.dataDir };
  const { child, done } = runSluice(["archive"], { cwd: CHECKOUT, env });
  child.stdin?.end();
  const { code, stderr } = await done;
  expect(code).toBe(1);
  expect(stderr).toContain("No cold tier is configured: set COLD_URL for the worker");
});

async function answersOf(client: StackClient): Promise<unknown[]> {
  const { from, to, periods } = expected.retention_weekly_first_time;
  const questions = [
    ["top-events", ALL],
    ["active-users", { interval: "month", ...ALL }],
    ["events", { interval: "week", ...ALL }],
    ["events", { interval: "total", measure: "users", ...ALL }],
    ["events", { interval: "total", breakdown: "properties.repo", ...ALL }],
    ["retention", { interval: "week", from, to, periods }],
  ] as const;
  const answers: unknown[] = [];
  for (const [path, parameters] of questions) {
    answers.push((await client.read(path, parameters)).data);
  }
  return answers;
}

function pathOf(format: string): string {
  return join(folder.path, `events.${format}`);
}

async function exportTo(path: string): Promise<{ events: number | null; bytes: number }> {
  const { stdout } = await sluice("r", ["export", "-o", path, "--json"]);
  return JSON.parse(stdout);
}

async function importInto(projectId: string, path: string) {
  const { stdout } = await sluice("w", ["import", path, "--json"], projectId);
  const { accepted, duplicate, rejected } = JSON.parse(stdout).total;
  return { accepted, duplicate, rejected };
}

async function erase(userId: string): Promise<ErasureReceipt> {
  const { stdout } = await sluice("a", ["erase", userId, "--yes", "--json"]);
  return JSON.parse(stdout);
}

async function sluice(scope: KeyScope, args: readonly string[], projectId?: string) {
  const outcome = await startSluice(scope, args, projectId);
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

function startSluice(scope: KeyScope, args: readonly string[], projectId = "source") {
  const SLUICE_KEY = createKey({ scope, projectId, kid: "e2e" }, keySecret);
  const env = { DATA_DIR: stack.dataDir, SLUICE_KEY };
  const { child, done } = runSluice(args, { cwd: CHECKOUT, env });
  child.stdin?.end();
  return done;
}

/** Of the newest events, the user of most. */
async function findBusyUser(): Promise<string> {
  const { data } = await get<{ data: { user_id: string }[] }>("events?limit=1000");
  const users = Map.groupBy(data, ({ user_id }) => user_id);
  const [busiest] = [...users].toSorted(([, a], [, b]) => b.length - a.length);
  return busiest?.[0] ?? "";
}

/** By paging through all that there is. */
async function countOf(userId: string): Promise<number> {
  let events = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const search: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page: { data: unknown[]; next_cursor: string | null } = await get(
      `users/${encodeURIComponent(userId)}/events?limit=1000${search}`,
    );
    events += page.data.length;
    cursor = page.next_cursor;
  }
  return events;
}

async function totalOf(): Promise<number> {
  const { data } = await source.read("events", { interval: "total", ...ALL });
  return (data as { value: number }[])[0]?.value ?? 0;
}

async function get<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${stack.edge_url}/v1/${path}`, {
    headers: { authorization: `Bearer ${source.readKey}` },
    signal: AbortSignal.timeout(30_000),
  });
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as Answer;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
