import { AckPolicy, type ConsumerConfig, DeliverPolicy } from "@nats-io/jetstream";
import { describe, expect, test } from "vitest";
import { encodeReplayPlan, type ReplayPlan, replayConsumerName } from "../../../contract/replay.ts";
import { EVENTS_STREAM, eventsSubject } from "../../../contract/stream.ts";
import { DAY_MS } from "../../../worker/timescale/aggregates.ts";
import { poll } from "../../support/poll.ts";
import { startPostgres } from "../../support/postgres.ts";
import { startTimescale } from "../../support/timescale.ts";
import { createEvents } from "./publisher.ts";
import { useWorkerServices, type WorkerServices } from "./services.ts";
import type { WorkerProcess } from "./worker-process.ts";

const NANOS_PER_SECOND = 1_000_000_000;

describe("replay", () => {
  const services = useWorkerServices(startPostgres);

  test("stores lost rows again, once, and deletes its consumer", async () => {
    const worker = await services.startReadyWorker();
    for (let message = 0; message < 30; message += 1) {
      await services.publisher.publish("lost", createEvents(100));
    }
    await services.publisher.publish("other", createEvents(10));
    await services.publisher.waitUntilDrained();
    await services.sql`delete from events where project_id in ('lost', 'other')`;
    await services.sql`truncate events`;
    await begin(services, "lost", { filter_subject: eventsSubject("lost") });
    await waitUntilOver(services, "lost");
    expect(await services.countRows("lost")).toBe(3_000);
    expect(await services.countRows("other")).toBe(0);
    await poll("the report", () => logOf(worker, "replay finished"));
    expect(logOf(worker, "replay finished")).toMatchObject({
      replay: "replay-lost",
      messages: 30,
      events: 3_000,
      new_rows: 3_000,
    });

    await begin(services, "again", { filter_subject: eventsSubject("lost") });
    await waitUntilOver(services, "again");
    expect(await services.countRows("lost")).toBe(3_000);
  });

  test("ends at its end, whatever arrives meanwhile, and leaves live messages alone", async () => {
    const worker = await services.startReadyWorker();
    await services.publisher.publish("early", createEvents(100));
    await services.publisher.waitUntilDrained();
    const end = await begin(services, "end", {}, { events_per_second: 2_000 });
    for (let message = 0; message < 40; message += 1) {
      await services.publisher.publish("late", createEvents(100));
    }
    await waitUntilOver(services, "end");
    await services.publisher.waitUntilDrained();
    expect(await services.countRows("late")).toBe(4_000);
    await poll("the report", () => logOf(worker, "replay finished"));
    expect(logOf(worker, "replay finished")).toMatchObject({ messages: end });
  });

  test("keeps to its rate, and ends quietly when it is cancelled", async () => {
    const worker = await services.startReadyWorker();
    for (let message = 0; message < 10; message += 1) {
      await services.publisher.publish("slow", createEvents(100));
    }
    await services.publisher.waitUntilDrained();
    await services.sql`truncate events`;
    // The first message uses up the rate of 100 s.
    await begin(
      services,
      "slow",
      { filter_subject: eventsSubject("slow") },
      { events_per_second: 1 },
    );
    await poll("its first message", async () => (await services.countRows("slow")) === 100);
    await services.publisher.publish("live", createEvents(10));
    await services.publisher.waitUntilDrained();
    expect(await services.countRows("live")).toBe(10);
    expect(await services.countRows("slow")).toBe(100);
    await services.publisher.manager.consumers.delete(EVENTS_STREAM, replayConsumerName("slow"));
    const isCancelled = "replay is over: cancelled, or finished by another worker";
    await poll("its end", () => logOf(worker, isCancelled));
    expect(worker.logs.filter(({ level }) => BAD_LEVELS.includes(String(level)))).toEqual([]);
  });

  test("is shared by several workers, goes on after a SIGTERM of one and a kill of another", async () => {
    const start = (id: string) => services.startReadyWorker({ WORKER_ID: id });
    const [stopped, killed] = await Promise.all([start("shared-a"), start("shared-b")]);
    for (let message = 0; message < 60; message += 1) {
      await services.publisher.publish("shared", createEvents(100));
    }
    await services.publisher.waitUntilDrained();
    await services.sql`truncate events`;
    const filter = { filter_subject: eventsSubject("shared"), ack_wait: 3 * NANOS_PER_SECOND };
    await begin(services, "shared", filter, { events_per_second: 500 });
    await poll("some rows", async () => (await services.countRows("shared")) > 0);
    expect(await stopped.end("SIGTERM")).toBe(0);
    expect(await killed.end("SIGKILL")).toBe("SIGKILL");
    expect(await services.countRows("shared")).toBeLessThan(6_000);
    await start("shared-c");
    await waitUntilOver(services, "shared");
    expect(await services.countRows("shared")).toBe(6_000);
  });

  test("a plan that cannot be read is reported once and left alone", async () => {
    const { consumers } = services.publisher.manager;
    const name = replayConsumerName("odd");
    await consumers.add(EVENTS_STREAM, { ...CONFIG, durable_name: name, description: "soon" });
    const worker = await services.startReadyWorker();
    await poll("the report", () => logOf(worker, "replay cannot be read"));
    // A good one is found by a later look.
    await services.publisher.publish("good", createEvents(1));
    await services.publisher.waitUntilDrained();
    await begin(services, "good", { filter_subject: eventsSubject("good") });
    await waitUntilOver(services, "good");
    expect(worker.logs.filter(({ msg }) => msg === "replay cannot be read")).toHaveLength(1);
    expect((await consumers.info(EVENTS_STREAM, name)).delivered.consumer_seq).toBe(0);
    await consumers.delete(EVENTS_STREAM, name);
  });

  test("dead-letters what cannot be stored, and goes on", async () => {
    const worker = await services.startReadyWorker();
    const events = createEvents(50);
    await services.publisher.publish("refused", events);
    await services.publisher.waitUntilDrained();
    await services.sql`delete from events where project_id = 'refused'`;
    const bad = events[7]?.event_id ?? "";
    await services.sql.unsafe(
      `alter table events add constraint not_refused check (event_id <> '${bad}') not valid`,
    );
    try {
      await begin(services, "refused", { filter_subject: eventsSubject("refused") });
      await waitUntilOver(services, "refused");
    } finally {
      await services.sql`alter table events drop constraint not_refused`;
    }
    expect(await services.countRows("refused")).toBe(49);
    expect(await services.publisher.readDeadLetters("refused")).toEqual([
      expect.objectContaining({ sqlstate: "23514", event: expect.objectContaining(events[7]) }),
    ]);
    expect(worker.hasExited).toBe(false);
  });
});

describe("replay of old days", () => {
  const services = useWorkerServices(startTimescale);

  test("shows in the aggregates", async () => {
    await services.startReadyWorker({ FULL_REFRESH_MS: "86400000" });
    const oldMs = Date.now() - 40 * DAY_MS;
    await services.publisher.publish("old", createEvents(50, oldMs));
    await services.publisher.publish("old", createEvents(50));
    await services.publisher.waitUntilDrained();
    const count = async (aggregate: string) => {
      const [row] = await services.sql<{ events: number }[]>`
        select coalesce(sum(events), 0)::int as events
        from ${services.sql(aggregate)} where project_id = 'old'`;
      return row?.events;
    };
    const aggregates = ["events_hourly", "user_days"];
    for (const name of aggregates) await poll(name, async () => (await count(name)) === 100);
    await services.sql`delete from events where project_id = 'old'`;
    for (const name of aggregates) {
      await services.sql
        .unsafe(`call refresh_continuous_aggregate('${name}', null, null)`)
        .simple();
      expect(await count(name)).toBe(0);
    }
    await begin(services, "old");
    await waitUntilOver(services, "old");
    for (const name of aggregates) {
      await poll(`the rows in ${name} again`, async () => (await count(name)) === 100);
    }
    const [row] = await services.sql<{ as_of: Date }[]>`select as_of from pipeline_as_of`;
    const overMs = Date.now();
    await poll("as_of moving on", async () => {
      const [now] = await services.sql<{ as_of: Date }[]>`select as_of from pipeline_as_of`;
      return (now?.as_of.getTime() ?? 0) > Math.max(overMs, row?.as_of.getTime() ?? 0);
    });
  });
});

const CONFIG = {
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: 30 * NANOS_PER_SECOND,
  max_ack_pending: 1_000,
  max_deliver: -1,
  inactive_threshold: 24 * 3_600 * NANOS_PER_SECOND,
} as const;

/** pino's. */
const BAD_LEVELS = ["warn", "error", "fatal"];

/** As `sluice replay` does. Answers the end. */
async function begin(
  { publisher }: WorkerServices,
  id: string,
  config: Partial<ConsumerConfig> = {},
  plan: Partial<ReplayPlan> = {},
): Promise<number> {
  const { streams, consumers } = publisher.manager;
  const { state } = await streams.info(EVENTS_STREAM);
  const end_sequence = state.last_seq;
  await consumers.add(EVENTS_STREAM, {
    ...CONFIG,
    durable_name: replayConsumerName(id),
    description: encodeReplayPlan({ end_sequence, events_per_second: 100_000, ...plan }),
    ...config,
  });
  return end_sequence;
}

async function waitUntilOver({ publisher }: WorkerServices, id: string): Promise<void> {
  await poll(
    `replay ${id} over`,
    async () => {
      const names: string[] = [];
      for await (const { name } of publisher.manager.consumers.list(EVENTS_STREAM))
        names.push(name);
      return !names.includes(replayConsumerName(id));
    },
    40_000,
  );
}

function logOf(worker: WorkerProcess, msg: string) {
  return worker.logs.find((line) => line.msg === msg);
}
