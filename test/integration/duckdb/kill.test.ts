import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { createDuckDbEngine } from "../../../worker/duckdb/duckdb-engine.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { BATCH_ROWS, batchOfNumber } from "./numbered-batch.ts";

const WRITING_PROCESS = fileURLToPath(new URL("writing-process.ts", import.meta.url));
const ROUNDS = 12;

let folder: TempDir;
let path: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await makeTempDir("duckdb-kill");
  path = join(folder.path, "events.duckdb");
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  await folder.remove();
});

describe("a process that is killed while it writes", () => {
  it("loses nothing that it committed, stores nothing twice, and leaves a file that opens", {
    timeout: 120_000,
  }, async () => {
    let next = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const committed = await writeAndKill(next, 1 + Math.floor(Math.random() * 25));
      expect(committed).toBeGreaterThanOrEqual(next);
      const stored = await readCounts();
      // The batch after the last one that was reported may be there as well.
      const rowsUpTo = (number: number) => (number + 1) * BATCH_ROWS + Math.floor(BATCH_ROWS / 3);
      expect([rowsUpTo(committed), rowsUpTo(committed + 1)]).toContain(stored.events);
      expect(stored.ids).toBe(stored.events);
      expect(stored.events_hourly).toBe(stored.events);
      expect(stored.user_days).toBe(stored.events);
      next = committed + 1;
    }
  });
});

describe("a file that another process has open", () => {
  it("is refused by name, with the other's process, until that one ends", async () => {
    const { child } = await startWriting(0);
    const engine = createDuckDbEngine({ path, logger: pino({ level: "silent" }) });
    try {
      const error = await engine.prepare().catch((caught: unknown) => caught);
      expect(String(error)).toMatch(
        `Cannot open database: another process has "${path}" open (PID ${child.pid})`,
      );
      expect(engine.isPermanent(error)).toBe(false);
      expect(engine.kindOf(error)).toBe("retryable");
      await kill(child);
      await engine.prepare();
      expect(await engine.openWriter(1).write(batchOfNumber(0))).toEqual({ inserted: 0 });
    } finally {
      await engine.close();
    }
  });
});

/** Kills the process after it has reported so many batches; answers the number of the last one. */
async function writeAndKill(first: number, batches: number): Promise<number> {
  const { child, reported } = await startWriting(first);
  const wait = reported(first + batches - 1);
  await wait;
  return kill(child).then(() => reported.last());
}

async function startWriting(first: number) {
  const child = spawn(process.execPath, [WRITING_PROCESS, path, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  let last = first - 1;
  let notify = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    last = Number(line);
    notify();
  });
  const reported = Object.assign(
    (number: number) =>
      new Promise<void>((resolve, reject) => {
        child.once("exit", () => reject(new Error("the process ended by itself")));
        notify = () => {
          if (last >= number) resolve();
        };
        notify();
      }),
    { last: () => last },
  );
  await reported(first);
  return { child, reported };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

type Counts = Record<"events" | "ids" | "events_hourly" | "user_days", number>;

async function readCounts(): Promise<Counts> {
  const engine = createDuckDbEngine({ path, threads: 1, logger: pino({ level: "silent" }) });
  try {
    await engine.prepare();
    const total = async (more: object) => {
      const range = { from: "2023-12-01", to: "2030-01-01" };
      const query = statsQuerySchema.parse({
        kind: "events",
        interval: "total",
        ...range,
        ...more,
      });
      const { rows } = await engine.reader.readStats("p", query, new AbortController().signal);
      return (rows as { value: number }[])[0]?.value ?? 0;
    };
    const isThere = { field: "properties.index", op: "exists", value: true };
    const top = statsQuerySchema.parse({
      kind: "top_events",
      from: "2023-12-01",
      to: "2030-01-01",
    });
    const { rows } = await engine.reader.readStats("p", top, new AbortController().signal);
    const ids = new Set<string>();
    const range = { from: "2023-12-01T00:00:00Z", to: "2030-01-01T00:00:00Z" };
    for await (const piece of engine.reader.exportEvents(
      "p",
      range,
      new AbortController().signal,
    )) {
      for (const event of piece) ids.add(event.event_id);
    }
    return {
      events: await total({ filters: [isThere] }),
      ids: ids.size,
      events_hourly: await total({}),
      user_days: (rows as { events: number }[]).reduce((sum, { events }) => sum + events, 0),
    };
  } finally {
    await engine.close();
  }
}
