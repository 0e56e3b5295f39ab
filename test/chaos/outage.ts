import { setTimeout as delay } from "node:timers/promises";
import postgres, { type Sql } from "postgres";
import { findDescendant, residentMiBOf } from "../bench/process-usage.ts";
import { quantile } from "../bench/statistics.ts";
import { poll } from "../support/poll.ts";
import { type StackService, startStack, whileGone, whileStopped } from "../support/stack.ts";
import { createStackClient } from "../support/stack-client.ts";
import { type Attempt, startSteadyLoad } from "../support/steady-load.ts";

export type Outage = {
  readonly part: "nats" | "redis" | "database" | "worker";
  /** gone: connections are refused. silent: nothing is answered. slow: an answer takes up to five seconds. */
  readonly how: "gone" | "silent" | "slow";
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Settings of the stack besides the defaults. */
  readonly env?: Readonly<Record<string, string>>;
};

export type OutageReport = {
  readonly posted: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly unexpected: number;
  /** Answers to requests that were sent during the outage, by status. */
  readonly answersDuring: Readonly<Record<string, number>>;
  readonly p99BeforeMs: number;
  readonly p99DuringMs: number;
  /** From the outage's end until every event posted before it was stored. */
  readonly recoverySeconds: number;
  /** Over that time, new arrivals included. */
  readonly storedPerSecond: number;
  readonly workerPeakMiB: number;
  readonly workerdPeakMiB: number;
};

/** Posts steadily, takes one part away for a while, and tells what became of every event. */
export async function runOutage(outage: Outage): Promise<OutageReport> {
  const stack = await startStack({ env: { ...outage.env } });
  const sql = postgres(stack.database_url, { max: 1, onnotice: () => {} });
  try {
    return await measure(outage, stack, sql);
  } finally {
    await sql.end({ timeout: 5 });
    await stack.stop();
  }
}

async function measure(outage: Outage, stack: StackService, sql: Sql): Promise<OutageReport> {
  const { seconds, eventsPerSecond } = outage;
  const client = await createStackClient(stack, "outage");
  const calmMs = Math.min(10_000, seconds * 1_000);
  const memory = watchMemory(stack);
  const load = startSteadyLoad(client, eventsPerSecond);
  await delay(calmMs);

  const beganMs = Date.now();
  await during(outage, stack, () => delay(seconds * 1_000));
  const endedMs = Date.now();
  const postedBefore = load.posted.filter(({ occurredAtMs }) => occurredAtMs < endedMs).length;
  const storedAtEnd = await countStored(sql).catch(() => 0);
  await poll(
    "every event of the outage stored",
    async () => (await countStored(sql, endedMs)) >= postedBefore,
    Math.max(120_000, 5_000 * seconds),
  );
  const recoverySeconds = (Date.now() - endedMs) / 1_000;
  const storedPerSecond = Math.round(((await countStored(sql)) - storedAtEnd) / recoverySeconds);

  await delay(calmMs / 2);
  await load.stop();
  const peaks = memory.stop();
  const ids = load.posted.map(({ eventId }) => eventId);
  await poll("every row", async () => (await countStored(sql)) >= ids.length, 60_000).catch(
    () => {},
  );
  const answered = ({ startedMs }: Attempt) => startedMs >= beganMs && startedMs < endedMs;
  return {
    posted: ids.length,
    ...(await compareRows(sql, ids)),
    answersDuring: countBy(load.attempts.filter(answered).map(({ outcome }) => String(outcome))),
    p99BeforeMs: p99(load.attempts.filter(({ startedMs }) => startedMs < beganMs - calmMs / 2)),
    p99DuringMs: p99(load.attempts.filter(answered)),
    recoverySeconds: Math.round(recoverySeconds * 10) / 10,
    storedPerSecond,
    ...peaks,
  };
}

function during(outage: Outage, stack: StackService, work: () => Promise<void>): Promise<void> {
  const { part, how, seconds } = outage;
  if (how === "gone") return whileGone(stack, part, work);
  if (how === "silent") return whileStopped(stack, part, work);
  return whileSlow(stack, part, seconds);
}

/** Lets the part run for a moment every five seconds: what is asked waits until then. */
async function whileSlow(stack: StackService, part: string, seconds: number): Promise<void> {
  const untilMs = Date.now() + seconds * 1_000;
  while (Date.now() < untilMs) {
    await whileStopped(stack, part, () => delay(Math.min(5_000, untilMs - Date.now())));
    await delay(100);
  }
}

async function countStored(sql: Sql, beforeMs?: number): Promise<number> {
  const before = new Date(beforeMs ?? Date.now() + 3_600_000).toISOString();
  const [row] = await sql<{ count: string }[]>`
    select count(*) from events where project_id = 'outage' and occurred_at < ${before}`;
  return Number(row?.count);
}

async function compareRows(sql: Sql, ids: readonly string[]) {
  const rows = await sql<{ event_id: string }[]>`
    select event_id::text from events where project_id = 'outage'`;
  const stored = new Set(rows.map((row) => row.event_id));
  const posted = new Set(ids);
  return {
    lost: ids.filter((id) => !stored.has(id)).length,
    duplicated: rows.length - stored.size,
    unexpected: [...stored].filter((id) => !posted.has(id)).length,
  };
}

/** The most memory that the worker and workerd have used. */
function watchMemory(stack: StackService) {
  const { edge, worker } = stack.parts;
  const workerd = findDescendant(edge?.pid ?? 0, "workerd");
  const peaks = { workerPeakMiB: 0, workerdPeakMiB: 0 };
  const timer = setInterval(() => {
    try {
      peaks.workerPeakMiB = Math.max(peaks.workerPeakMiB, residentMiBOf(worker?.pid ?? 0));
      peaks.workerdPeakMiB = Math.max(peaks.workerdPeakMiB, residentMiBOf(workerd));
    } catch {
      // The part has ended.
    }
  }, 250);
  return {
    stop() {
      clearInterval(timer);
      return peaks;
    },
  };
}

function p99(attempts: readonly Attempt[]): number {
  return quantile(
    attempts.map(({ durationMs }) => durationMs),
    0.99,
  );
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
