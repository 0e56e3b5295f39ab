import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventPageQuerySchema } from "../../../contract/event-page.ts";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { createLocalObjects } from "../../../worker/cold/local-objects.ts";
import type { ObjectStore } from "../../../worker/cold/object-store.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { FLOOR_LOCK, LOCK_CLASS } from "../../../worker/timescale/advisory-locks.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { type ColdStack, NEVER, openColdStack } from "./cold-stack.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-01-01T00:00:00Z");
const FLOOR_MS = START_MS + 20 * DAY_MS;

let database: PostgresService;
let folder: TempDir;
let scenes = 0;

beforeAll(async () => {
  [database, folder] = await Promise.all([startPostgres(), makeTempDir("cold")]);
});
afterAll(async () => {
  await database?.stop();
  await folder?.remove();
});

it("rows that keep coming do not keep an archiver from its work", async () => {
  let written = 0;
  let lockedRounds = 0;
  await withScene(
    async ({ worker }) => {
      const report = await worker.tier.archive({ olderThanMs: Date.now() - FLOOR_MS });
      expect(report.archived).toMatchObject([{ project_id: "shop", month: "2024-01" }]);
      const old = makeRows(100, "u").filter(({ occurredAtMs }) => occurredAtMs < FLOOR_MS);
      // Once the floor has passed their day the rows go to files by themselves.
      expect(report.events).toBeGreaterThan(3 * old.length);
      expect(report.events).toBeLessThanOrEqual(3 * old.length + written);
      expect(lockedRounds).toBeGreaterThan(0);
      expect(await countAll(worker)).toBe(300 + written);
      const [left] = await worker.sql<{ rows: number }[]>`
        select count(*)::int as rows from events where occurred_at < ${new Date(FLOOR_MS)}`;
      expect(left?.rows).toBe(0);
    },
    {
      /** Each time that files are ready, one more row is there, as long as writers are let in. */
      async onStep(step, { worker }) {
        if (step !== "files-ready") return;
        const [lock] = await worker.sql<{ is_free: boolean }[]>`
          select pg_try_advisory_xact_lock_shared(${LOCK_CLASS}, ${FLOOR_LOCK}) as is_free`;
        if (lock?.is_free !== true) {
          lockedRounds += 1;
          return;
        }
        written += 1;
        await worker.writer.write(makeRows(1, "more"));
      },
    },
  );
});

it("of two workers that archive at once, one does it", async () => {
  await withScene(async ({ worker, open }) => {
    const other = await open();
    const request = { olderThanMs: Date.now() - FLOOR_MS };
    const reports = await Promise.all([worker.tier.archive(request), other.tier.archive(request)]);
    // Whoever came second found the lock taken, or nothing left to do.
    const old = makeRows(100, "u").filter(({ occurredAtMs }) => occurredAtMs < FLOOR_MS);
    expect(reports.map(({ events }) => events).toSorted((a, b) => a - b)).toEqual([
      0,
      3 * old.length,
    ]);
    expect(await countAll(other)).toBe(300);
    await other.close();
  });
});

it("who is erased while files are made is not in them", async () => {
  let removed = 0;
  await withScene(
    async ({ worker }) => {
      await worker.archiveUpTo(FLOOR_MS);
      expect(removed).toBe(0);
      await expectErased(worker);
    },
    {
      async onStep(step, { worker }) {
        if (step !== "files-ready" || (await isErased(worker))) return;
        removed = await erase(worker);
      },
    },
  );
});

it("an erasure is noticed even if as many rows come in", async () => {
  await withScene(
    async ({ worker }) => {
      await worker.archiveUpTo(FLOOR_MS);
      await expectErased(worker);
      expect(await countAll(worker)).toBe(300);
    },
    {
      async onStep(step, { worker }) {
        if (step !== "files-ready" || (await isErased(worker))) return;
        await erase(worker);
        await worker.writer.write(makeRows(100, "u4"));
      },
    },
  );
});

it("who is erased while the floor moves is found in the files", async () => {
  let erasing: Promise<number> | undefined;
  await withScene(
    async ({ worker }) => {
      await worker.archiveUpTo(FLOOR_MS);
      expect(await erasing).toBeGreaterThan(0);
      await expectErased(worker);
    },
    {
      onStep(step, { worker }) {
        if (step === "manifest-written") erasing ??= erase(worker);
      },
    },
  );
});

it("who is erased while their late events are written is not among them", async () => {
  let beforePut: (() => Promise<void>) | undefined;
  await withScene(
    async ({ worker }) => {
      await worker.archiveUpTo(FLOOR_MS);
      beforePut = async () => {
        beforePut = undefined;
        await erase(worker);
      };
      const late = [...makeRows(5, "u1"), ...makeRows(5, "u2")];
      expect(await worker.writer.write(late)).toEqual({ inserted: 5 });
      await expectErased(worker);
      expect(await countAll(worker)).toBe(200 + 5);
    },
    {
      wrap: (store) => ({
        ...store,
        async put(name, path) {
          await beforePut?.();
          await store.put(name, path);
        },
      }),
    },
  );
});

it("a reader whose file is replaced starts over", async () => {
  let afterLend: (() => Promise<void>) | undefined;
  await withScene(
    async ({ worker }) => {
      await worker.archiveUpTo(FLOOR_MS);
      const once = () => {
        afterLend = async () => {
          afterLend = undefined;
          await erase(worker);
        };
      };
      once();
      expect(await countAll(worker)).toBe(200);
      once();
      await worker.writer.write(makeRows(3, "u1", 1_000));
      expect(await countAll(worker)).toBe(200);
    },
    {
      wrap: (store) => ({
        ...store,
        async lend(names) {
          const loan = await store.lend(names);
          await afterLend?.();
          return loan;
        },
      }),
    },
  );
});

it("late events of one month from two workers at once are stored once each", async () => {
  await withScene(async ({ worker, open }) => {
    await worker.archiveUpTo(FLOOR_MS);
    const other = await open();
    const late = makeRows(200, "late");
    const pieces = Array.from({ length: 12 }, (_, index) =>
      late.slice(index * 15, index * 15 + 35),
    );
    const results = await Promise.all(
      pieces.map((piece, index) => (index % 2 === 0 ? worker : other).writer.write(piece)),
    );
    expect(results.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(200);
    expect(await countAll(other)).toBe(500);
    await other.close();
  });
});

type Scene = { readonly worker: ColdStack; open(): Promise<ColdStack> };

/** 300 events of 3 users, in a database of their own, half of them below the floor. */
async function withScene(
  action: (scene: Scene) => Promise<void>,
  options: {
    readonly onStep?: (step: string, scene: Scene) => void | Promise<void>;
    readonly wrap?: (store: ObjectStore) => ObjectStore;
  } = {},
): Promise<void> {
  scenes += 1;
  const name = `scene_${scenes}`;
  const admin = postgres(database.url, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name}`);
  await admin.end();
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  const own = join(folder.path, name);
  const store = createLocalObjects(join(own, "cold"));
  const { onStep = () => {}, wrap = (given) => given } = options;
  const open = () =>
    openColdStack(url.href, own, { store: wrap(store), onStep: (step) => onStep(step, scene) });
  const worker = await open();
  const scene: Scene = { worker, open };
  try {
    await worker.writer.write(["u1", "u2", "u3"].flatMap((user) => makeRows(100, user)));
    await action(scene);
  } finally {
    await worker.close();
  }
}

function makeRows(count: number, userId: string, offsetMs = 0): EventRow[] {
  return toRows(
    "shop",
    Array.from({ length: count }, (_, index) => ({
      occurredAtMs: START_MS + offsetMs + ((index * 7) % 80) * 12 * 3_600_000 + index,
      eventType: "view",
      userId,
    })),
  );
}

/** As an engine does it. */
async function erase(worker: ColdStack, userId = "u1"): Promise<number> {
  await worker.sql`
    insert into erasures (project_id, user_id, erased_at) values ('shop', ${userId}, clock_timestamp())
    on conflict (project_id, user_id) do update set erased_at = excluded.erased_at`;
  await worker.sql`delete from events where project_id = 'shop' and user_id = ${userId}`;
  return worker.tier.eraseUser("shop", userId);
}

async function isErased(worker: ColdStack): Promise<boolean> {
  return (await worker.sql`select from erasures`).length > 0;
}

async function expectErased(worker: ColdStack): Promise<void> {
  const query = eventPageQuerySchema.parse({ user_id: "u1" });
  expect((await worker.tier.reader.readPage("shop", query, NEVER)).events).toEqual([]);
}

async function countAll(worker: ColdStack): Promise<number> {
  const query = statsQuerySchema.parse({
    kind: "events",
    interval: "total",
    from: "2023-01-01",
    to: "2025-01-01",
  });
  const { rows } = await worker.tier.reader.readStats("shop", query, NEVER);
  return rows.reduce((sum, row) => sum + ("value" in row ? Number(row.value) : 0), 0);
}
