import { setTimeout as delay } from "node:timers/promises";
import { startStack } from "../support/stack.ts";
import { createStackClient, type StackClient } from "../support/stack-client.ts";
import { createBenchEvent, createBenchEvents } from "./bench-events.ts";
import { postBatches } from "./post-events.ts";
import { report } from "./report.ts";
import { median, quantile, round, spread } from "./statistics.ts";

const BATCH = 500;
const CONCURRENCY = 4;
const ROUNDS = 5;
const BATCHES_A_ROUND = 60;
const PROBES = 150;
/** How often a probe asks: what is measured is no finer than that. */
const POLL_MS = 15;

/** What the whole stack takes in, and at half of that the time from a 202 until `/v1/stats/events` counts the event. */
export async function benchFreshness(): Promise<void> {
  const stack = await startStack({
    env: { RATE_LIMIT_EVENTS_PER_SECOND: "10000000", RATE_LIMIT_BURST_EVENTS: "10000000" },
  });
  try {
    const client = await createStackClient(stack);
    const { accepted, counted } = await measureMaximum(client);
    report("whole stack", {
      "accepted, events/s": spread(accepted, 0),
      "accepted and counted, events/s": spread(counted, 0),
    });
    const rate = median(counted) / 2;
    const { freshMs, sent, failed, seconds } = await measureFreshness(client, rate);
    report("freshness at half of that", {
      "wanted, events/s": round(rate, 0),
      "sent, events/s": round(sent / seconds, 0),
      "failed requests": failed,
      probes: freshMs.length,
      "p50, ms": round(quantile(freshMs, 0.5), 0),
      "p99, ms": round(quantile(freshMs, 0.99), 0),
      "max, ms": round(Math.max(...freshMs), 0),
    });
  } finally {
    await stack.stop();
  }
}

async function measureMaximum(client: StackClient) {
  const accepted: number[] = [];
  const counted: number[] = [];
  for (let index = 0; index <= ROUNDS; index += 1) {
    const beganMs = performance.now();
    await postBatches(client, { batches: BATCHES_A_ROUND, size: BATCH, concurrency: CONCURRENCY });
    const acceptedMs = performance.now();
    await client.waitUntilCounted(120_000);
    // The first round warms up.
    if (index === 0) continue;
    const events = BATCHES_A_ROUND * BATCH;
    accepted.push((events * 1_000) / (acceptedMs - beganMs));
    counted.push((events * 1_000) / (performance.now() - beganMs));
  }
  return { accepted, counted };
}

async function measureFreshness(client: StackClient, eventsPerSecond: number) {
  const stop = new AbortController();
  const beganMs = performance.now();
  const load = keepPosting(client, eventsPerSecond, stop.signal);
  const freshMs: number[] = [];
  for (let index = 0; index < PROBES; index += 1) {
    freshMs.push(await probe(client, `probe-${index}`));
  }
  stop.abort();
  const { sent, failed } = await load;
  return { freshMs, sent, failed, seconds: (performance.now() - beganMs) / 1_000 };
}

/** At an even pace, several requests at once if one takes long. */
async function keepPosting(client: StackClient, eventsPerSecond: number, stop: AbortSignal) {
  let sent = 0;
  let failed = 0;
  const beganMs = performance.now();
  const post = async () => {
    while (!stop.aborted) {
      const dueMs = beganMs + (sent * 1_000) / eventsPerSecond;
      sent += BATCH;
      await delay(Math.max(0, dueMs - performance.now()));
      await client.post(createBenchEvents(BATCH)).catch(() => {
        failed += 1;
      });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, post));
  return { sent, failed };
}

async function probe(client: StackClient, eventType: string): Promise<number> {
  const nowMs = Date.now();
  const hourMs = 3_600_000;
  const fromMs = nowMs - (nowMs % hourMs);
  const question = {
    interval: "total",
    event_type: eventType,
    from: new Date(fromMs).toISOString(),
    to: new Date(fromMs + hourMs).toISOString(),
  };
  const occurredAt = new Date(nowMs).toISOString();
  await client.post([{ ...createBenchEvent(0), event_type: eventType, occurred_at: occurredAt }]);
  const acceptedMs = performance.now();
  for (;;) {
    const { data } = (await client.read("events", question)) as { data: { value: number }[] };
    if (data[0]?.value === 1) return performance.now() - acceptedMs;
    if (performance.now() - acceptedMs > 30_000) throw new Error(`Cannot see ${eventType}`);
    await delay(POLL_MS);
  }
}
