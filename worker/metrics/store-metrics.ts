import type { ArchiveReport } from "../../contract/archive-report.ts";
import { createCounter } from "../../contract/metrics/counter.ts";
import { createHistogram } from "../../contract/metrics/histogram.ts";
import { gauge, type Metric, type Sample } from "../../contract/metrics/metric.ts";

/** How rows enter a store: `cold` are late ones, which go to files. */
const INSERT_PATHS = ["copy", "unnest", "cold", "duckdb", "clickhouse"] as const;
export type InsertPath = (typeof INSERT_PATHS)[number];

const AGGREGATES = ["events_hourly", "user_days"] as const;
type AggregateName = (typeof AGGREGATES)[number];

/** Told by an engine of what it does. */
export type StoreMeter = {
  inserted(path: InsertPath, seconds: number): void;
  refreshed(aggregate: AggregateName, seconds: number): void;
  refreshFailed(aggregate: AggregateName): void;
  /** All that earlier workers left is refreshed, if anything was left. */
  repaired(aggregate: AggregateName): void;
  archived(report: ArchiveReport): void;
  archiveFailed(): void;
};

export type StoreMetrics = StoreMeter & { metrics(): Metric[] };

export function createStoreMetrics(now: () => number): StoreMetrics {
  const insertSeconds = createHistogram({
    name: "sluice_worker_insert_duration_seconds",
    help: "How long an insert took that succeeded, by its way into the store",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    labels: { path: INSERT_PATHS },
  });
  const refreshSeconds = createHistogram({
    name: "sluice_refresh_duration_seconds",
    help: "How long refreshing a piece of a continuous aggregate took",
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    labels: { aggregate: AGGREGATES },
  });
  const refreshFailures = createCounter({
    name: "sluice_refresh_failures_total",
    help: "Refreshes of a continuous aggregate that failed, to be tried again",
    labels: { aggregate: AGGREGATES },
  });
  const archiveRuns = createCounter({
    name: "sluice_archive_runs_total",
    help: "Runs of the archiver: done, failed, or left to another worker that was at it",
    labels: { outcome: ["done", "failed", "left"] },
  });
  const archivedEvents = createCounter({
    name: "sluice_archived_events_total",
    help: "Events moved to the cold tier",
  });
  const archivedBytes = createCounter({
    name: "sluice_archived_bytes_total",
    help: "Size of the files written for the cold tier",
  });
  const refreshedAtMs = new Map<AggregateName, number>();
  let archivedAtMs: number | undefined;
  let floorMs: number | undefined;

  return {
    inserted: (path, seconds) => insertSeconds.observe(seconds, { path }),
    refreshed(aggregate, seconds) {
      refreshSeconds.observe(seconds, { aggregate });
      refreshedAtMs.set(aggregate, now());
    },
    refreshFailed: (aggregate) => refreshFailures.add(1, { aggregate }),
    repaired: (aggregate) => void refreshedAtMs.set(aggregate, now()),
    archived({ ran, events, bytes, floor }) {
      archiveRuns.add(1, { outcome: ran ? "done" : "left" });
      archivedEvents.add(events);
      archivedBytes.add(bytes ?? 0);
      if (ran) archivedAtMs = now();
      floorMs = floor === null ? undefined : Date.parse(floor);
    },
    archiveFailed: () => archiveRuns.add(1, { outcome: "failed" }),
    metrics: () => [
      insertSeconds.metric(),
      refreshSeconds.metric(),
      refreshFailures.metric(),
      gauge(
        "sluice_refresh_last_success_timestamp_seconds",
        "When this worker last refreshed the aggregate, or found that nothing was left to refresh; left out before",
        [...refreshedAtMs].map(([aggregate, ms]) => ({ labels: { aggregate }, value: ms / 1_000 })),
      ),
      archiveRuns.metric(),
      archivedEvents.metric(),
      archivedBytes.metric(),
      gauge(
        "sluice_archive_last_success_timestamp_seconds",
        "When this worker last ended a run of the archiver; left out before, and where there is no cold tier",
        secondsOf(archivedAtMs),
      ),
      gauge(
        "sluice_archive_floor_timestamp_seconds",
        "Events that occurred before are in the cold tier; left out while there are none",
        secondsOf(floorMs),
      ),
    ],
  };
}

function secondsOf(ms: number | undefined): Sample[] {
  return ms === undefined ? [] : [{ value: ms / 1_000 }];
}
