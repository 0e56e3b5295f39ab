import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventPageQuerySchema } from "../../../contract/event-page.ts";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { compactPartition } from "../../../worker/cold/compaction.ts";
import { createLocalObjects } from "../../../worker/cold/local-objects.ts";
import { createConnectionPool } from "../../../worker/duckdb/connection-pool.ts";
import { openDuckDb } from "../../../worker/duckdb/database.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { type ColdStack, NEVER, openColdStack } from "./cold-stack.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-01-01T00:00:00Z");
const FLOOR_MS = Date.parse("2024-03-01T00:00:00Z");

let database: PostgresService;
let folder: TempDir;
let stack: ColdStack;
let rows: EventRow[];

beforeAll(async () => {
  [database, folder] = await Promise.all([startPostgres(), makeTempDir("damaged")]);
  stack = await openColdStack(database.url, folder.path);
  rows = ["shop", "other"].flatMap((project) =>
    toRows(
      project,
      Array.from({ length: 120 }, (_, index) => ({
        occurredAtMs: START_MS + index * (DAY_MS / 2) + index,
        eventType: "view",
        userId: `u${index % 7}`,
        properties: { owner: project },
      })),
    ),
  );
  await stack.writer.write(rows);
  expect(await stack.archiveUpTo(FLOOR_MS)).toBe(240);
});
afterAll(async () => {
  await stack?.close();
  await database?.stop();
  await folder?.remove();
});

let changes = 0;
const restores: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const restore of restores.splice(0)) await restore();
});

/** The one file of a project's month. */
async function fileOf(project: string, month: string): Promise<string> {
  const own = join(folder.path, `cold/project=${project}/month=${month}`);
  const [name = ""] = await readdir(own);
  return join(own, name);
}

/** The file of January, and what it is called in errors and logs; it is itself again after the test. */
async function takeVictim(): Promise<{ readonly path: string; readonly name: string }> {
  const path = await fileOf("shop", "2024-01");
  const content = await readFile(path);
  restores.push(async () => {
    await rm(path, { recursive: true, force: true });
    await writeFile(path, content);
    // DuckDB keeps what it has read of a file until that has another time.
    changes += 1;
    await utimes(path, changes * 60, changes * 60);
  });
  return { path, name: path.slice(path.indexOf("project=")) };
}

const query = (from: string, to: string) =>
  statsQuerySchema.parse({ kind: "events", interval: "total", from, to });
const page = eventPageQuerySchema.parse({ to: "2024-02-01", limit: 1_000 });

async function exportAll(): Promise<number> {
  const range = { from: "2024-01-01T00:00:00Z", to: "2024-03-01T00:00:00Z" };
  let count = 0;
  for await (const events of stack.tier.reader.exportEvents("shop", range, NEVER)) {
    count += events.length;
  }
  return count;
}

/** Every way of reading. */
function readings(): (() => Promise<unknown>)[] {
  const { reader } = stack.tier;
  const [row] = rows;
  const wanted = [{ eventId: row?.eventId ?? "", occurredAt: row?.occurredAt }];
  return [
    () => reader.readStats("shop", query("2024-01-05", "2024-02-10"), NEVER),
    () => reader.readPage("shop", page, NEVER),
    () => reader.findEvent("shop", row?.eventId ?? "", undefined, NEVER),
    () => reader.countStored("shop", wanted, NEVER),
    exportAll,
  ];
}

describe("a file of the cold tier", () => {
  it.each<readonly [string, (path: string) => Promise<unknown>]>([
    ["is cut", async (path) => writeFile(path, (await readFile(path)).subarray(0, -100))],
    ["is empty", (path) => writeFile(path, "")],
    ["has more than it had", (path) => writeFile(path, "x", { flag: "a" })],
    ["is another month's", async (path) => copyFile(await fileOf("shop", "2024-02"), path)],
    ["is another project's", async (path) => copyFile(await fileOf("other", "2024-02"), path)],
    [
      "is a link to another project's",
      async (path) => relink(path, await fileOf("other", "2024-02")),
    ],
    ["is a link to what never ends", (path) => relink(path, "/dev/zero")],
    ["is a folder", (path) => rm(path).then(() => mkdir(path))],
  ])("that %s is never read, and named", async (_, harm) => {
    const { path, name } = await takeVictim();
    await harm(path);
    for (const read of readings()) {
      await expect(read()).rejects.toThrow(`Cannot trust file "${name}": it has `);
    }
  });

  it("that has the right length and cannot be read is named", async () => {
    const { path, name } = await takeVictim();
    const content = await readFile(path);
    content.fill(0xff, 4, content.length - 8);
    await writeFile(path, content);
    for (const read of readings()) await expect(read()).rejects.toThrow(name);
  });

  it("harms no question that it is not needed for", async () => {
    const { path } = await takeVictim();
    await writeFile(path, "");
    const february = query("2024-02-01", "2024-03-01");
    const { rows: found } = await stack.tier.reader.readStats("shop", february, NEVER);
    expect(found).toMatchObject([{ value: 58 }]);
    const { rows: others } = await stack.tier.reader.readStats(
      "other",
      query("2024-01-01", "2024-03-01"),
      NEVER,
    );
    expect(others).toMatchObject([{ value: 120 }]);
  });

  it("is found in its place again once it is repaired", async () => {
    const { path } = await takeVictim();
    await writeFile(path, "");
    await expect(exportAll()).rejects.toThrow("Cannot trust file");
    for (const restore of restores.splice(0)) await restore();
    expect(await exportAll()).toBe(120);
  });

  it("that is damaged keeps late events from being stored beside it", async () => {
    const { path } = await takeVictim();
    await writeFile(path, "");
    const late = toRows("shop", [{ occurredAtMs: START_MS + 1, eventType: "late", userId: "u1" }]);
    await expect(stack.writer.write(late)).rejects.toThrow("Cannot trust file");
  });
});

it("files that do not hold what the manifest says are not merged", async () => {
  for (let index = 0; index < 8; index += 1) {
    const event = { occurredAtMs: START_MS + 1_000 + index, eventType: "drop", userId: "u1" };
    await stack.writer.write(toRows("drops", [event]));
  }
  // As if one of them had been exchanged for one that is as long.
  await stack.sql`update cold_files set checksum = '1' where project_id = 'drops'
    and path = (select min(path) from cold_files where project_id = 'drops')`;
  const last = { occurredAtMs: START_MS + 2_000, eventType: "drop", userId: "u1" };
  await stack.writer.write(toRows("drops", [last])).catch(() => {});
  const key = { projectId: "drops", month: "2024-01" };
  const store = createLocalObjects(join(folder.path, "cold"));
  const duckDb = await openDuckDb({ path: ":memory:", allowedDirectories: [...store.folders] });
  const pool = createConnectionPool(() => duckDb.connect(), 1);
  await expect(compactPartition({ sql: stack.sql, store, pool }, key)).rejects.toThrow(
    /Cannot merge files .*: read 9 events with checksum \d+, the manifest says 9 with \d+/,
  );
  pool.close();
  duckDb.close();
  const names = await readdir(join(folder.path, "cold/project=drops/month=2024-01"));
  expect(names.length).toBeGreaterThanOrEqual(9);
});

async function relink(path: string, target: string): Promise<void> {
  await rm(path);
  await symlink(target, path);
}
