import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { statsQuerySchema } from "../../../contract/stats-query.ts";
import { createDuckDbEngine } from "../../../worker/duckdb/duckdb-engine.ts";
import { poll } from "../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { runs } from "../../support/thoroughness.ts";
import { BATCH_ROWS, batchOfNumber } from "./numbered-batch.ts";

const WRITING_PROCESS = fileURLToPath(new URL("writing-process.ts", import.meta.url));
const ROUNDS = runs(4, 30);

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
      expect([rowsUpTo(committed), rowsUpTo(committed + 1)]).toContain(stored.events);
      expect(stored.ids).toBe(stored.events);
      expect(stored.events_hourly).toBe(stored.events);
      expect(stored.user_days).toBe(stored.events);
      next = committed + 1;
    }
  });
});

describe("a process whose disk is full", () => {
  it("keeps what it committed, and ends so that a new one opens the file again", {
    timeout: 60_000,
  }, async () => {
    // In blocks of 512 bytes or 1 KiB, as the shell has it.
    const limited = ["/bin/sh", "-c", 'ulimit -f 9000; exec "$@"', "sh", process.execPath] as const;
    const { child, lines } = await startWriting(0, limited);
    await once(child, "close");
    const committed = lines.filter((line) => /^\d+$/.test(line)).length - 1;
    const [failure, ending] = lines.slice(-2);
    expect(failure).toMatch(/^retryable: Error: FATAL Error: .*File too large/);
    expect(ending).toBe(
      "DatabaseBrokenError: Cannot go on: the database has to be opened again by a new process",
    );
    const { events, ids } = await readCounts();
    expect(events).toBe(ids);
    expect([rowsUpTo(committed), rowsUpTo(committed + 1)]).toContain(events);
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

/** How many events the batches up to a number hold. */
function rowsUpTo(number: number): number {
  return (number + 1) * BATCH_ROWS + Math.floor(BATCH_ROWS / 3);
}

/** Kills the process after it has reported so many batches; answers the number of the last one. */
async function writeAndKill(first: number, batches: number): Promise<number> {
  const { child, lines, reported } = await startWriting(first);
  await reported(first + batches - 1);
  await kill(child);
  return Number(lines.at(-1));
}

/** Once it has committed its first batch. */
async function startWriting(first: number, command: readonly string[] = [process.execPath]) {
  const [program = "", ...options] = command;
  const child = spawn(program, [...options, WRITING_PROCESS, path, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  // Polling notices it somewhere in the middle of a later batch.
  const reported = (number: number) =>
    poll(`batch ${number}`, () => lines.includes(String(number)), 60_000);
  await reported(first);
  return { child, lines, reported };
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
