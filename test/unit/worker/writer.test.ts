import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import { seriesOf } from "../../../contract/metrics/exposition.ts";
import type { Metric } from "../../../contract/metrics/metric.ts";
import type { Delivery } from "../../../worker/delivery.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { type Acknowledgeable, createInFlight } from "../../../worker/in-flight.ts";
import { createIntakeMetrics } from "../../../worker/metrics/intake-metrics.ts";
import { kindOfDatabaseError } from "../../../worker/timescale/database-error.ts";
import { createWriter } from "../../../worker/writer.ts";
import { createDelivery } from "./rows.ts";

describe("createWriter()", () => {
  test("acknowledges after the commit", async () => {
    const bench = createBench();
    await bench.write([bench.deliver(3), bench.deliver(2)]);
    expect(bench.log).toEqual(["commit 5", "ack 1", "ack 2"]);
  });

  test("finds bad rows by halving, stores their neighbours, and publishes before acknowledging", async () => {
    const bench = createBench();
    const good = bench.deliver(7);
    const mixed = bench.deliver(9);
    const bad = new Set([mixed.rows[2], mixed.rows[8]]);
    bench.refuse = (row) => (bad.has(row) ? withCode("22P05") : undefined);
    await bench.write([good, mixed]);
    expect(bench.stored.size).toBe(14);
    expect(bench.letters).toHaveLength(2);
    expect(bench.letters[0]).toMatchObject({
      reason: "refused",
      sqlstate: "22P05",
      stream_sequence: 2,
      subject: "events.demo",
      event: { event_type: "click" },
    });
    expect(bench.log.slice(-3)).toEqual(["ack 1", "dead 2", "ack 2"]);
    expect(bench.counts()).toMatchObject({
      'sluice_worker_events_total{outcome="stored",intake="live"}': 14,
      'sluice_worker_events_total{outcome="dead",intake="live"}': 2,
      'sluice_worker_settlements_total{settlement="ack",intake="live"}': 2,
    });
  });

  test("tries again what may work later, without losing or repeating anything", async () => {
    const bench = createBench();
    let failures = 2;
    bench.refuse = () => (failures-- > 0 ? withCode("57P01") : undefined);
    await bench.write([bench.deliver(4)]);
    expect(bench.log).toEqual(["commit 4", "ack 1"]);
    expect(bench.counts()).toEqual({
      'sluice_worker_events_total{outcome="stored",intake="live"}': 4,
      'sluice_worker_settlements_total{settlement="ack",intake="live"}': 1,
      'sluice_worker_write_failures_total{kind="retryable"}': 2,
    });
  });

  test("blames a row for an unforeseen error only when the store takes others", async () => {
    const bench = createBench();
    const mixed = bench.deliver(4);
    bench.refuse = (row) => (row === mixed.rows[3] ? withCode("XX000") : undefined);
    const writing = bench.write([mixed]);
    const other = bench.write([bench.deliver(1)]);
    await other;
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    await bench.write([bench.deliver(1)]);
    await writing;
    expect(bench.letters).toHaveLength(1);
    expect(bench.stored.size).toBe(5);
  });

  test("goes on trying while the store takes nothing", async () => {
    const bench = createBench();
    let failures = 100;
    bench.refuse = () => (failures-- > 0 ? withCode("42P01") : undefined);
    await bench.write([bench.deliver(2)]);
    expect(bench.letters).toEqual([]);
    expect(bench.stored.size).toBe(2);
  });

  test("keeps a message whose dead letter cannot be published", async () => {
    const bench = createBench();
    bench.refuse = () => withCode("22P02");
    bench.isDeadStreamFull = true;
    await bench.write([bench.deliver(1)]);
    expect(bench.log).toEqual(["nak 1"]);
    expect(bench.counts()).toEqual({
      'sluice_worker_settlements_total{settlement="nak",intake="live"}': 1,
      'sluice_worker_write_failures_total{kind="data"}': 1,
    });
  });

  test("gives the batch back when told to give up", async () => {
    const bench = createBench();
    bench.refuse = () => {
      bench.giveUp.abort();
      return withCode("ECONNREFUSED");
    };
    await bench.write([bench.deliver(1), bench.deliver(1)]);
    expect(bench.log).toEqual(["nak 1", "nak 2"]);
  });
});

function createBench() {
  const log: string[] = [];
  const letters: DeadLetter[] = [];
  const stored = new Set<EventRow>();
  const giveUp = new AbortController();
  const metrics = createIntakeMetrics();
  const inFlight = createInFlight(1_000, metrics.live.settled);
  let sequence = 0;
  const bench = {
    log,
    letters,
    stored,
    giveUp,
    refuse: (_: EventRow): Error | undefined => undefined,
    isDeadStreamFull: false,
    /** What was counted and is not zero, by series. */
    counts: () => nonZero(metrics.metrics(undefined)),
    deliver(rows: number): Delivery {
      sequence += 1;
      inFlight.add(acknowledgeable(sequence, log));
      return createDelivery({ rows, sequence });
    },
    write: createWriter({
      store: {
        async write(rows) {
          for (const row of rows) {
            const error = bench.refuse(row);
            if (error !== undefined) throw error;
          }
          for (const row of rows) stored.add(row);
          return { inserted: rows.length };
        },
      },
      kindOf: kindOfDatabaseError,
      deadLetters: {
        async publish(published) {
          if (bench.isDeadStreamFull) throw new Error("maximum bytes exceeded");
          letters.push(...published);
          log.push(`dead ${published.length}`);
          return published.length;
        },
      },
      inFlight,
      onCommitted: (rows) => log.push(`commit ${rows.length}`),
      meter: metrics.live,
      logger: pino({ level: "silent" }),
      giveUp: giveUp.signal,
      delay: async () => {},
    }),
  };
  return bench;
}

function nonZero(metrics: readonly Metric[]): Record<string, number> {
  const counted = metrics.flatMap((metric) =>
    metric.samples.flatMap((sample) =>
      metric.type === "counter" && sample.value !== 0
        ? [[seriesOf(metric, sample), sample.value] as const]
        : [],
    ),
  );
  return Object.fromEntries(counted);
}

function acknowledgeable(seq: number, log: string[]): Acknowledgeable {
  return {
    seq,
    data: new Uint8Array(10),
    ack: () => log.push(`ack ${seq}`),
    nak: () => log.push(`nak ${seq}`),
    term: () => log.push(`term ${seq}`),
    working: () => {},
  };
}

function withCode(code: string): Error {
  return Object.assign(new Error("refused"), { code });
}
