import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import fc from "fast-check";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import { DEAD_STREAM } from "../../../contract/stream.ts";
import { residentMiBOf } from "../../bench/process-usage.ts";
import { type Door, type DoorOptions, sharesOf } from "../door.ts";
import { message } from "../generators/messages.ts";
import { createTally, type Tally } from "../tally.ts";
import { startWorkerParts, type WorkerParts } from "../worker/worker-parts.ts";
import { accountFor, type Evidence } from "./account.ts";
import type { MessagePlan } from "./message-plan.ts";
import { type Published, publishPlan } from "./publish-plan.ts";

/** Messages straight into NATS, for a real worker with PostgreSQL. */
export const streamDoor: Door = async (options) => {
  const startedMs = Date.now();
  const parts = await startWorkerParts();
  const tally = createTally((fault) => options.say(`fault: ${fault.kind}: ${fault.text}`));
  try {
    const beforeMiB = residentMiBOf(parts.worker.pid);
    let slowestMs = 0;
    for (const { seed, requests } of sharesOf(options)) {
      for (let done = 0; done < requests && !options.stop.aborted; done += ROUND_MESSAGES) {
        const round = { seed: seed + done, count: Math.min(ROUND_MESSAGES, requests - done) };
        slowestMs = Math.max(slowestMs, await runRound(parts, tally, options, round));
        options.say(`${done + round.count} of ${requests}`);
      }
    }
    const afterMiB = residentMiBOf(parts.worker.pid);
    if (parts.worker.hasExited) tally.fault({ kind: "worker", text: "it has ended" });
    if (afterMiB > MAX_RESIDENT_MIB) tally.fault({ kind: "memory", text: `${afterMiB} MiB` });
    const notes = [
      `worker in MiB: ${beforeMiB} before, ${afterMiB} after`,
      `slowest round until the stream was drained: ${(slowestMs / 1_000).toFixed(1)} s`,
    ];
    const seconds = (Date.now() - startedMs) / 1_000;
    return { door: "stream", seeds: options.seeds, tally, seconds, notes };
  } finally {
    await parts.stop();
  }
};

/** What the worker holds is at most 64 MiB of messages, as rows several times that; Node's heap may double before it is collected. */
const MAX_RESIDENT_MIB = 768;
const ROUND_MESSAGES = 1_000;
const DRAIN_TIMEOUT_MS = 120_000;

/** Publishes messages, waits until the worker has settled all, and accounts for each. Answers how long the worker took at most. */
async function runRound(
  parts: WorkerParts,
  tally: Tally,
  options: DoorOptions,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<number> {
  const plans = fc.sample(message, { seed, numRuns: count });
  const published = await publishAll(parts, plans, tally, options.concurrency);
  const startedMs = Date.now();
  await parts.publisher.waitUntilDrained(DRAIN_TIMEOUT_MS).catch((error: unknown) => {
    for (const line of parts.worker.logs.slice(-5)) options.say(JSON.stringify(line));
    throw error;
  });
  const drainMs = Date.now() - startedMs;
  const evidence = await readEvidence(parts);
  for (const one of published) {
    const letters = evidence.letters.get(one.sequence)?.length ?? 0;
    tally.count(one.plan.project.slice(0, 20), letters === 0 ? "rows" : "dead letters");
    const fault = accountFor(one, evidence);
    if (fault === undefined) continue;
    tally.fault({
      kind: "message",
      text: fault,
      example: JSON.stringify(one.plan).slice(0, 2_000),
      seed,
    });
  }
  await parts.publisher.manager.streams.purge(DEAD_STREAM);
  return drainMs;
}

async function publishAll(
  { nats }: WorkerParts,
  plans: readonly MessagePlan[],
  tally: Tally,
  concurrency: number,
): Promise<Published[]> {
  const { user, password: pass } = nats.tester;
  const connection = await connect({ servers: nats.url, user, pass });
  const client = jetstream(connection);
  const queue = [...plans];
  const published: Published[] = [];
  const runLane = async () => {
    for (let plan = queue.pop(); plan !== undefined; plan = queue.pop()) {
      const one = await publishPlan(plan, client);
      if (typeof one === "string") tally.count(plan.project.slice(0, 20), one);
      else published.push(one);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, runLane));
  await connection.close();
  return published;
}

async function readEvidence({ publisher, sql }: WorkerParts): Promise<Evidence> {
  const { streams } = publisher.manager;
  const { state } = await streams.info(DEAD_STREAM);
  const letters: DeadLetter[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const found = await streams.getMessage(DEAD_STREAM, { seq });
    if (found !== null) letters.push(found.json<DeadLetter>());
  }
  const found = await sql<{ project_id: string; event_id: string }[]>`
    select project_id, event_id::text from events`;
  const rows = new Map<string, Set<string>>();
  for (const { project_id, event_id } of found) {
    const ids = rows.get(project_id) ?? new Set();
    rows.set(project_id, ids.add(event_id.replaceAll("-", "")));
  }
  return { letters: Map.groupBy(letters, (letter) => letter.stream_sequence), rows };
}
