import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { ARCHIVE_STEPS, type ArchiveStep } from "../../../worker/cold/archiver.ts";
import { collectGarbage } from "../../../worker/cold/collect-garbage.ts";
import { createLocalObjects } from "../../../worker/cold/local-objects.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { runs } from "../../support/thoroughness.ts";
import { type ColdStack, NEVER, openColdStack } from "./cold-stack.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const START_MS = Date.parse("2023-12-10T00:00:00Z");
const PROJECTS = ["few", "many", "some"];
/** Of every step: 11 kills, or 33. */
const ROUNDS = runs(1, 3);
const SEED = Number(process.env.COLD_SEED ?? Date.now() % 1_000_000_000);

let database: PostgresService;
let folder: TempDir;

beforeAll(async () => {
  [database, folder] = await Promise.all([startPostgres(), makeTempDir("cold")]);
});
afterAll(async () => {
  await database?.stop();
  await folder?.remove();
});

/** Steps that a run may come to less than three times. */
const TIMES: Readonly<Partial<Record<ArchiveStep, number>>> = {
  planned: 1,
  "hot-partly-cleared": 2,
  "hot-cleared": 1,
};

type Scene = {
  readonly times: Record<string, readonly number[]>;
  readonly floorDay: number;
  readonly archivedDay: number;
  readonly killAt: number;
};

const hours = (count: number) =>
  fc.array(fc.integer({ min: 0, max: 90 * 24 - 1 }), { minLength: count, maxLength: count * 2 });
const scene: fc.Arbitrary<Scene> = fc.record({
  times: fc.record({ few: hours(5), many: hours(400), some: hours(60) }),
  /** In the third month or behind it, so that the floor moves three times. */
  floorDay: fc.integer({ min: 54, max: 91 }),
  /** What an earlier run, that was left in peace, archived. */
  archivedDay: fc.integer({ min: 0, max: 18 }),
  killAt: fc.integer({ min: 1, max: 3 }),
});

describe(`an archiver that is killed (COLD_SEED=${SEED})`, () => {
  const kills = Array.from({ length: ROUNDS }, (_, round) =>
    ARCHIVE_STEPS.map((step) => [step, round] as const),
  ).flat();
  it.each(kills)("at %s leaves every event in one place (round %i)", async (step, round) => {
    const [one] = fc.sample(scene, {
      numRuns: 1,
      seed: SEED + kills.findIndex((run) => run[0] === step && run[1] === round),
    });
    if (one === undefined) throw new Error("no scene");
    const place = await openScene(`${step.replaceAll("-", "_")}_${round}`, one);
    try {
      const floor = new Date(START_MS + one.floorDay * DAY_MS).toISOString();
      const times = Math.min(one.killAt, TIMES[step] ?? Number.POSITIVE_INFINITY);
      const signal = await runChild([place.url, place.folder, floor, step, String(times)]);
      expect(signal).toBe("SIGKILL");

      await checkEvents(place.stack, place.rows);
      // What is sent again meanwhile is known, on either side of wherever the floor is.
      expect(await place.stack.writer.write(place.rows)).toEqual({ inserted: 0 });

      const report = await place.stack.tier.archive({
        olderThanMs: Date.now() - Date.parse(floor),
      });
      expect(report.is_cleared).toBe(true);
      await checkEvents(place.stack, place.rows);
      await checkPlaces(place, Date.parse(floor));
    } finally {
      await place.stack.close();
    }
  });
});

type Place = {
  readonly url: string;
  readonly folder: string;
  readonly stack: ColdStack;
  readonly rows: readonly EventRow[];
};

async function openScene(name: string, { times, archivedDay }: Scene): Promise<Place> {
  const admin = postgres(database.url, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name}`);
  await admin.end();
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  const own = join(folder.path, name);
  const stack = await openColdStack(url.href, own);
  const rows = PROJECTS.flatMap((projectId) =>
    toRows(
      projectId,
      (times[projectId] ?? []).map((hour, index) => ({
        occurredAtMs: START_MS + hour * HOUR_MS + (index % 3),
        eventType: `t${index % 4}`,
        userId: `u${index % 9}`,
        properties: { index },
      })),
    ),
  );
  await stack.writer.write(rows);
  if (archivedDay > 5) await stack.archiveUpTo(START_MS + archivedDay * DAY_MS);
  return { url: url.href, folder: own, stack, rows };
}

async function runChild(args: readonly string[]): Promise<NodeJS.Signals | null> {
  const script = fileURLToPath(new URL("archive-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--no-warnings", script, ...args], { stdio: "inherit" });
  const [, signal] = await once(child, "exit");
  return signal;
}

/** By identity, and as each source counts them. */
async function checkEvents(stack: ColdStack, rows: readonly EventRow[]): Promise<void> {
  const range = { from: "2023-01-01T00:00:00Z", to: "2025-01-01T00:00:00Z" };
  for (const projectId of PROJECTS) {
    const own = rows.filter((row) => row.projectId === projectId);
    const found: string[] = [];
    for await (const events of stack.tier.reader.exportEvents(projectId, range, NEVER)) {
      found.push(...events.map(({ event_id, occurred_at }) => `${occurred_at} ${event_id}`));
    }
    const wanted = own.map(({ occurredAt, eventId }) => `${occurredAt} ${eventId}`);
    expect(found.toSorted()).toEqual(wanted.toSorted());
    for (const more of [
      {},
      { event_type: "t1" },
      { filters: [{ field: "properties.index", op: "gte", value: 0 }] },
    ]) {
      const query = statsQuerySchema.parse({
        kind: "events",
        interval: "total",
        ...range,
        ...more,
      });
      const [row] = (await stack.tier.reader.readStats(projectId, query, NEVER)).rows;
      const isCounted = (eventType: string) =>
        !("event_type" in more) || eventType === more.event_type;
      const count = own.filter(({ eventType }) => isCounted(eventType)).length;
      expect(row !== undefined && "value" in row ? Number(row.value) : 0).toBe(count);
    }
  }
}

/** Nothing is left below the floor in the table, and nothing on the disk that the manifest does not name. */
async function checkPlaces({ stack, folder: own }: Place, floorMs: number): Promise<void> {
  const [below] = await stack.sql<{ rows: number }[]>`
    select count(*)::int as rows from events where occurred_at < ${new Date(floorMs)}`;
  expect(below?.rows).toBe(0);
  const cold = join(own, "cold");
  const store = createLocalObjects(cold);
  await collectGarbage({ sql: stack.sql, store }, { nowMs: Date.now() + 60_000, minAgeMs: 0 });
  const named = await stack.sql<{ path: string }[]>`select path from cold_files`;
  const files = (await readdir(cold, { recursive: true })).filter((file) =>
    file.endsWith(".parquet"),
  );
  expect(files.toSorted()).toEqual(named.map(({ path }) => path).toSorted());
}
