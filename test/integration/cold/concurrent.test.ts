import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StatsQuery, statsQuerySchema } from "../../../contract/stats-query.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { pause } from "../../../worker/pause.ts";
import { toRows } from "../../support/naive-rows.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { runs } from "../../support/thoroughness.ts";
import { type ColdStack, NEVER, openColdStack } from "./cold-stack.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-01-01T00:00:00Z");
const DAYS = 90;
const BATCHES = runs(10, 25);
const BATCH_ROWS = 40;

let database: PostgresService;
let folder: TempDir;
let workers: ColdStack[];

beforeAll(async () => {
  [database, folder] = await Promise.all([startPostgres(), makeTempDir("cold")]);
  const first = await openColdStack(database.url, folder.path);
  workers = [first, await openColdStack(database.url, folder.path)];
});
afterAll(async () => {
  for (const worker of workers ?? []) await worker.close();
  await database?.stop();
  await folder?.remove();
});

/** From all sources: by hour, by user and day, raw. */
const QUERIES: readonly StatsQuery[] = [
  { from: "2024-01-01", to: "2024-05-01" },
  { from: "2024-01-01", to: "2024-05-01", breakdown: "event_type" },
  { from: "2024-01-01T00:00:00.001Z", to: "2024-05-01" },
  {
    from: "2023-12-31T23:59:59.999Z",
    to: "2024-05-01",
    filters: [{ field: "properties.n", op: "exists" }],
  },
].map((query) => statsQuerySchema.parse({ kind: "events", interval: "total", ...query }));

describe("writers, readers and an archiver at once", () => {
  it("no answer counts an acknowledged event twice or not at all", async () => {
    let sent = 0;
    let acknowledged = 0;
    let isWriting = true;
    let reads = 0;

    const write = async (worker: ColdStack, seed: number) => {
      for (let batch = 0; batch < BATCHES; batch += 1) {
        const rows = makeBatch(seed + batch);
        sent += rows.length;
        // Every third batch comes twice, as from a stream that was not acknowledged in time.
        const writes = batch % 3 === 0 ? [worker.writer, other(worker).writer] : [worker.writer];
        const results = await Promise.all(writes.map((writer) => writer.write(rows)));
        expect(results.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(rows.length);
        acknowledged += rows.length;
      }
    };
    const read = async (worker: ColdStack, query: StatsQuery | undefined) => {
      if (query === undefined) return;
      while (isWriting) {
        const before = acknowledged;
        const count = await countBy(worker, query);
        expect(count).toBeGreaterThanOrEqual(before);
        expect(count).toBeLessThanOrEqual(sent);
        reads += 1;
        await pause(20, NEVER);
      }
    };
    const archive = async (worker: ColdStack) => {
      for (let day = 3; isWriting; day = Math.min(DAYS, day + 100 / BATCHES)) {
        await worker.archiveUpTo(START_MS + day * DAY_MS);
        await pause(100, NEVER);
      }
    };
    const [first, second] = workers;
    if (first === undefined || second === undefined) throw new Error("not started");
    const writing = Promise.all([write(first, 0), write(second, 10_000)]).finally(() => {
      isWriting = false;
    });
    await Promise.all([
      writing,
      archive(first),
      ...QUERIES.map((query, index) => read(index % 2 === 0 ? first : second, query)),
    ]);

    expect(reads).toBeGreaterThan(BATCHES / 2);
    for (const query of QUERIES) expect(await countBy(second, query)).toBe(sent);
    const seen = new Set<string>();
    const range = { from: "2024-01-01T00:00:00Z", to: "2024-05-01T00:00:00Z" };
    for await (const events of first.tier.reader.exportEvents("shop", range, NEVER)) {
      for (const { event_id } of events) seen.add(event_id);
    }
    expect(seen.size).toBe(sent);
  }, 240_000);

  it("an export that the floor overtakes has every event once", async () => {
    const [worker] = workers;
    if (worker === undefined) throw new Error("not started");
    const rows = toRows(
      "export",
      Array.from({ length: 9_000 }, (_, index) => ({
        occurredAtMs: START_MS + 120 * DAY_MS + index * 600_000,
        eventType: "x",
        userId: "u",
      })),
    );
    await worker.writer.write(rows);
    const range = { from: "2024-01-01T00:00:00Z", to: "2025-01-01T00:00:00Z" };
    const seen: string[] = [];
    let pieces = 0;
    for await (const events of worker.tier.reader.exportEvents("export", range, NEVER)) {
      seen.push(...events.map(({ event_id }) => event_id));
      pieces += 1;
      if (pieces % 2 === 1) await worker.archiveUpTo(START_MS + (130 + pieces * 15) * DAY_MS);
    }
    expect(pieces).toBeGreaterThan(3);
    expect(seen).toEqual(rows.map(({ eventId }) => eventId));
  });
});

function other(worker: ColdStack): ColdStack {
  return workers.find((one) => one !== worker) ?? worker;
}

/** Over all days, most of them where the floor will be. Never at midnight, where a range of ours begins. */
function makeBatch(seed: number): readonly EventRow[] {
  return toRows(
    "shop",
    Array.from({ length: BATCH_ROWS }, (_, index) => ({
      occurredAtMs:
        START_MS + ((seed * 7_919 + index * 104_729) % (DAYS * 24)) * 3_600_000 + 1 + index,
      eventType: `t${index % 3}`,
      userId: `u${(seed + index) % 50}`,
      properties: { n: index },
    })),
  );
}

async function countBy(worker: ColdStack, query: StatsQuery): Promise<number> {
  const { rows } = await worker.tier.reader.readStats("shop", query, NEVER);
  return rows.reduce((sum, row) => sum + ("value" in row ? Number(row.value) : 0), 0);
}
