import { expect, test } from "vitest";
import type { ArchiveReport } from "../../../../contract/archive-report.ts";
import { formatExposition } from "../../../../contract/metrics/exposition.ts";
import { createStoreMetrics } from "../../../../worker/metrics/store-metrics.ts";

const NOW_MS = Date.parse("2026-06-01T12:00:00Z");
const REPORT: ArchiveReport = {
  dry_run: false,
  ran: true,
  floor_before: null,
  floor: "2026-05-01T00:00:00Z",
  target: "2026-05-01T00:00:00Z",
  archived: [],
  events: 7,
  bytes: 900,
  is_cleared: true,
  elapsed_ms: 5,
};

test("createStoreMetrics() tells when the archiver last ran here, and the floor that another worker moved", () => {
  const metrics = createStoreMetrics(() => NOW_MS);
  const scrape = () => formatExposition(metrics.metrics());
  expect(scrape()).not.toContain("timestamp_seconds");
  metrics.archived({ ...REPORT, ran: false, events: 0, bytes: 0 });
  metrics.archiveFailed();
  expect(scrape()).not.toContain("sluice_archive_last_success_timestamp_seconds");
  expect(scrape()).toContain(
    `\nsluice_archive_floor_timestamp_seconds ${Date.parse("2026-05-01") / 1_000}\n`,
  );
  metrics.archived(REPORT);
  for (const line of [
    `sluice_archive_last_success_timestamp_seconds ${NOW_MS / 1_000}`,
    'sluice_archive_runs_total{outcome="done"} 1',
    'sluice_archive_runs_total{outcome="failed"} 1',
    'sluice_archive_runs_total{outcome="left"} 1',
    "sluice_archived_events_total 7",
    "sluice_archived_bytes_total 900",
  ]) {
    expect(scrape()).toContain(`\n${line}\n`);
  }
});

test("createStoreMetrics() takes an aggregate of which nothing was left to refresh for fresh", () => {
  const metrics = createStoreMetrics(() => NOW_MS);
  metrics.repaired("user_days");
  metrics.refreshed("events_hourly", 0.03);
  metrics.refreshFailed("events_hourly");
  const text = formatExposition(metrics.metrics());
  for (const aggregate of ["user_days", "events_hourly"]) {
    expect(text).toContain(
      `\nsluice_refresh_last_success_timestamp_seconds{aggregate="${aggregate}"} ${NOW_MS / 1_000}\n`,
    );
  }
  expect(text).toContain('\nsluice_refresh_duration_seconds_count{aggregate="user_days"} 0\n');
  expect(text).toContain('\nsluice_refresh_failures_total{aggregate="events_hourly"} 1\n');
});
