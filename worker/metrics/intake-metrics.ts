import { createCounter } from "../../contract/metrics/counter.ts";
import { createHistogram } from "../../contract/metrics/histogram.ts";
import { gauge, type Metric } from "../../contract/metrics/metric.ts";
import type { StoreErrorKind } from "../engine.ts";

export type Settlement = "ack" | "nak" | "term";

/** Told by one intake of what becomes of its messages. */
export type IntakeMeter = {
  /** A message came, once more if it was delivered before. */
  delivered(isRedelivered: boolean): void;
  batch(rows: number, bytes: number): void;
  /** Rows were committed, `inserted` of which were new. */
  committed(rows: number, inserted: number): void;
  writeFailed(kind: StoreErrorKind): void;
  /** Events, or messages that cannot be read, went to the dead letters. */
  buried(events: number): void;
  settled(settlement: Settlement): void;
};

/** What an intake holds. */
export type HeldMessages = {
  readonly count: number;
  readonly bytes: number;
  readonly maxBytes: number;
};

export type IntakeMetrics = {
  readonly live: IntakeMeter;
  readonly replay: IntakeMeter;
  /** @param held by the live intake, once there is one */
  metrics(held: HeldMessages | undefined): Metric[];
};

const INTAKES = ["live", "replay"] as const;

/** What the worker counts from a message's delivery to its settlement. */
export function createIntakeMetrics(): IntakeMetrics {
  const events = createCounter({
    name: "sluice_worker_events_total",
    help: "Events by outcome: stored, duplicate (there already, or of an erased user), dead (in the dead letters)",
    labels: { outcome: ["stored", "duplicate", "dead"], intake: INTAKES },
  });
  const deliveries = createCounter({
    name: "sluice_worker_deliveries_total",
    help: "Messages delivered by the stream",
    labels: { intake: INTAKES },
  });
  const redeliveries = createCounter({
    name: "sluice_worker_redeliveries_total",
    help: "Messages delivered that had been delivered before, to this worker or another",
    labels: { intake: INTAKES },
  });
  const settlements = createCounter({
    name: "sluice_worker_settlements_total",
    help: "Deliveries by how they ended: ack (done), nak (again later), term (cannot be read)",
    labels: { settlement: ["ack", "nak", "term"], intake: INTAKES },
  });
  const batchRows = createHistogram({
    name: "sluice_worker_batch_rows",
    help: "Rows of a batch",
    buckets: [1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000],
  });
  const batchBytes = createHistogram({
    name: "sluice_worker_batch_bytes",
    help: "Size of the messages of a batch",
    buckets: [1_024, 16_384, 131_072, 524_288, 1_048_576, 2_097_152, 4_194_304, 8_388_608],
  });
  const writeFailures = createCounter({
    name: "sluice_worker_write_failures_total",
    help: "Attempts to write rows that failed, by what the error means: data (the rows' fault), retryable, unexpected",
    labels: { kind: ["data", "retryable", "unexpected"] },
  });

  return {
    live: meterOf("live"),
    replay: meterOf("replay"),
    metrics: (held) => [
      events.metric(),
      deliveries.metric(),
      redeliveries.metric(),
      settlements.metric(),
      batchRows.metric(),
      batchBytes.metric(),
      writeFailures.metric(),
      ...heldMetrics(held),
    ],
  };

  function meterOf(intake: (typeof INTAKES)[number]): IntakeMeter {
    return {
      delivered(isRedelivered) {
        deliveries.add(1, { intake });
        if (isRedelivered) redeliveries.add(1, { intake });
      },
      batch(rows, bytes) {
        batchRows.observe(rows);
        batchBytes.observe(bytes);
      },
      committed(rows, inserted) {
        events.add(inserted, { outcome: "stored", intake });
        events.add(rows - inserted, { outcome: "duplicate", intake });
      },
      writeFailed: (kind) => writeFailures.add(1, { kind }),
      buried: (count) => events.add(count, { outcome: "dead", intake }),
      settled: (settlement) => settlements.add(1, { settlement, intake }),
    };
  }
}

function heldMetrics(held: HeldMessages | undefined): Metric[] {
  if (held === undefined) return [];
  const { count, bytes, maxBytes } = held;
  return [
    gauge("sluice_worker_in_flight_messages", "Messages fetched and not yet settled", count),
    gauge(
      "sluice_worker_in_flight_bytes",
      "Size of the messages fetched and not yet settled",
      bytes,
    ),
    gauge(
      "sluice_worker_in_flight_max_bytes",
      "Size at which the worker fetches no more messages (MAX_IN_FLIGHT_BYTES)",
      maxBytes,
    ),
  ];
}
