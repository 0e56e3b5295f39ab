import { expect, test } from "vitest";
import { formatExposition } from "../../../../contract/metrics/exposition.ts";
import type { ProcessMetrics } from "../../../../worker/metrics/process-metrics.ts";
import { createCollector, createWorkerMetrics } from "../../../../worker/metrics/worker-metrics.ts";

const NOW_MS = Date.parse("2026-06-01T12:00:00Z");
const noProcess: ProcessMetrics = { metrics: async () => [], close() {} };

test("createCollector() says how old statistics are also while the store cannot be asked", async () => {
  let nowMs = NOW_MS;
  let asOfMs: number | undefined;
  let isAway = false;
  const collect = createCollector({
    metrics: createWorkerMetrics(() => nowMs),
    process: noProcess,
    checkReadiness: async () => ({ database: { ok: !isAway } }),
    engine: {
      async readAsOfMs() {
        if (isAway) throw new Error("away");
        return asOfMs;
      },
    },
    manager: () => undefined,
    held: () => undefined,
    now: () => nowMs,
  });
  const scrape = async () => formatExposition(await collect());
  expect(await scrape()).not.toContain("sluice_freshness_seconds");
  asOfMs = NOW_MS - 1_500;
  const text = await scrape();
  expect(text).toContain("\nsluice_freshness_seconds 1.5\n");
  expect(text).toContain('\nsluice_worker_part_ok{part="database"} 1\n');
  isAway = true;
  nowMs += 10_000;
  const later = await scrape();
  expect(later).toContain("\nsluice_freshness_seconds 11.5\n");
  expect(later).toContain('\nsluice_worker_part_ok{part="database"} 0\n');
});
