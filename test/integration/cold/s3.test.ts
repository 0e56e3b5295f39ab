import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { collectGarbage } from "../../../worker/cold/collect-garbage.ts";
import type { ObjectStore } from "../../../worker/cold/object-store.ts";
import { createS3Objects } from "../../../worker/cold/s3-objects.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { type S3Service, startS3 } from "../../support/s3-server.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { type ColdStack, NEVER, openColdStack } from "./cold-stack.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-01-01T00:00:00Z");
const FLOOR_MS = START_MS + 60 * DAY_MS;

let database: PostgresService;
let s3: S3Service;
let folder: TempDir;
let stores: ObjectStore[];
let workers: [ColdStack, ColdStack];
let rows: readonly EventRow[];

beforeAll(async () => {
  [database, s3, folder] = await Promise.all([startPostgres(), startS3(), makeTempDir("cold")]);
  const scratchDirs = ["a", "b"].map((name) => join(folder.path, name));
  stores = scratchDirs.map((scratchDir) =>
    createS3Objects({
      ...s3,
      region: "auto",
      prefix: "events/production",
      scratchDir,
      timeoutMs: 500,
      attempts: 2,
      maxCacheBytes: 20_000,
    }),
  );
  const [first, second] = await Promise.all(
    stores.map((store, index) => openColdStack(database.url, scratchDirs[index] ?? "", { store })),
  );
  if (first === undefined || second === undefined) throw new Error("not started");
  workers = [first, second];
  rows = toRows(
    "shop",
    Array.from({ length: 900 }, (_, index) => ({
      occurredAtMs: START_MS + index * 0.1 * DAY_MS + index,
      eventType: "view",
      userId: `u${index % 11}`,
      properties: { text: `${index}`.repeat(9) },
    })),
  );
  await first.writer.write(rows);
});
afterEach(async () => {
  s3.mood = "well";
});
afterAll(async () => {
  for (const worker of workers ?? []) await worker.close();
  await Promise.all([database?.stop(), s3?.stop()]);
  await folder?.remove();
});

describe("a cold tier in S3", () => {
  it.each(["refusing", "silent", "cutting"] as const)(
    "archives nothing while the server is %s, and loses nothing",
    async (mood) => {
      s3.mood = mood;
      await expect(workers[0].archiveUpTo(FLOOR_MS)).rejects.toThrow(
        /Cannot (store|fetch) "project=shop/,
      );
      expect(await countAll(workers[0])).toBe(900);
      const [tier] = await workers[0].sql<{ floor: Date | null }[]>`select floor from hot_floor`;
      expect(tier?.floor).toBeNull();
    },
  );

  it("archives, and another worker answers from what is there", async () => {
    expect(await workers[0].archiveUpTo(FLOOR_MS)).toBe(600);
    expect(await countAll(workers[1])).toBe(900);
  });

  it("keeps copies of what it fetched, within its bounds", async () => {
    s3.requests.clear();
    const month = { from: "2024-01-01", to: "2024-01-20" };
    await countAll(workers[1], month);
    await countAll(workers[1], month);
    expect(s3.requests.get("GET") ?? 0).toBeLessThanOrEqual(1);
    const files = await readdir(join(folder.path, "b/cold-cache"));
    expect(files.length).toBeGreaterThan(0);
    expect(files.every((file) => file.startsWith("project=shop_month=2024-0"))).toBe(true);
  });

  it("fetches a file anew whose copy is not as long as the file", async () => {
    const month = { from: "2024-01-01", to: "2024-01-20" };
    const right = await countAll(workers[1], month);
    const cache = join(folder.path, "b/cold-cache");
    for (const name of await readdir(cache)) await writeFile(join(cache, name), "");
    expect(await countAll(workers[1], month)).toBe(right);
  });

  it("takes late events from two workers at once, each event once", async () => {
    const late = toRows(
      "shop",
      Array.from({ length: 120 }, (_, index) => ({
        occurredAtMs: START_MS + (index % 50) * DAY_MS + 3,
        eventType: "late",
        userId: "u1",
      })),
    );
    const pieces = [late.slice(0, 70), late.slice(50), rows.slice(0, 40), late];
    const results = await Promise.all(
      pieces.map((piece, index) => workers[index % 2 === 0 ? 0 : 1].writer.write(piece)),
    );
    expect(results.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(120);
    expect(await countAll(workers[0])).toBe(1_020);
    expect(await countAll(workers[1])).toBe(1_020);
  });

  it("acknowledges no late event while the server is away, and stores it once it is back", async () => {
    const late = toRows("shop", [{ occurredAtMs: START_MS + 9, eventType: "late", userId: "u1" }]);
    await s3.shut();
    await expect(workers[0].writer.write(late)).rejects.toThrow("Cannot ");
    await s3.open();
    expect(await workers[1].writer.write(late)).toEqual({ inserted: 1 });
    expect(await workers[0].writer.write(late)).toEqual({ inserted: 0 });
    expect(await countAll(workers[0])).toBe(1_021);
  });

  it("says what it cannot fetch, and answers again afterwards", async () => {
    await openFresh(async (fresh) => {
      s3.mood = "refusing";
      await expect(countAll(fresh)).rejects.toThrow(
        /^Cannot fetch "project=shop\/month=2024-0\d\/[-0-9a-f]+\.parquet": the server answered 500$/,
      );
      s3.mood = "cutting";
      await expect(countAll(fresh)).rejects.toThrow(/^Cannot fetch "project=shop/);
      s3.mood = "well";
      expect(await countAll(fresh)).toBe(1_021);
      // Hot questions never ask the server.
      s3.mood = "silent";
      expect(await countAll(fresh, { from: "2024-03-05", to: "2024-03-10" })).toBe(50);
    });
  });

  it("erases a user, whose old files are gone at once", async () => {
    await workers[0].sql`
      insert into erasures (project_id, user_id, erased_at) values ('shop', 'u2', clock_timestamp())`;
    const before = await countAll(workers[1]);
    const removed = await workers[0].tier.eraseUser("shop", "u2");
    expect(removed).toBe(
      rows.filter(({ userId, occurredAtMs }) => userId === "u2" && occurredAtMs < FLOOR_MS).length,
    );
    // It has the old files in its cache, but not in the manifest.
    expect(await countAll(workers[1])).toBe(before - removed);
    expect(await listNames()).toEqual(await readManifestNames());
  });

  it("collects what no manifest names, once it is old", async () => {
    const [store] = stores;
    if (store === undefined) throw new Error("not started");
    const orphan = "project=shop/month=2024-01/00000000-0000-4000-8000-000000000000.parquet";
    const { sql } = workers[0];
    const staged = join(store.stagingDir, "orphan.parquet");
    await writeFile(staged, "x");
    await store.put(orphan, staged);
    expect(await collectGarbage({ sql, store }, { nowMs: Date.now() })).toBe(0);
    expect(await listNames()).toContain(orphan);
    const later = Date.now() + 2 * 3_600_000;
    expect(await collectGarbage({ sql, store }, { nowMs: later })).toBe(1);
    expect(await listNames()).toEqual(await readManifestNames());
  });
});

async function countAll(
  worker: ColdStack,
  range: { from: string; to: string } = { from: "2023-12-01", to: "2024-06-01" },
): Promise<number> {
  const query = statsQuerySchema.parse({ kind: "events", interval: "total", ...range });
  const { rows: answer } = await worker.tier.reader.readStats("shop", query, NEVER);
  return answer.reduce((sum, row) => sum + ("value" in row ? Number(row.value) : 0), 0);
}

/** A worker with an empty cache. */
async function openFresh(action: (fresh: ColdStack) => Promise<void>): Promise<void> {
  const scratchDir = join(folder.path, "fresh");
  const store = createS3Objects({
    ...s3,
    region: "auto",
    prefix: "events/production",
    scratchDir,
    timeoutMs: 500,
    attempts: 2,
  });
  const fresh = await openColdStack(database.url, scratchDir, { store });
  try {
    await action(fresh);
  } finally {
    await fresh.close();
  }
}

async function listNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of stores[0]?.list() ?? []) names.push(name);
  return names.toSorted();
}

async function readManifestNames(): Promise<string[]> {
  const files = await workers[0].sql<{ path: string }[]>`select path from cold_files`;
  return files.map(({ path }) => path).toSorted();
}
