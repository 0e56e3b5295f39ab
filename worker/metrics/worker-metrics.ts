import type { JetStreamManager } from "@nats-io/jetstream";
import { gauge, type Metric } from "../../contract/metrics/metric.ts";
import type { Engine } from "../engine.ts";
import type { Readiness } from "../readiness.ts";
import { withTimeLimit } from "../time-limit.ts";
import { createHttpMetrics, type HttpMetrics } from "./http-metrics.ts";
import { createIntakeMetrics, type HeldMessages, type IntakeMetrics } from "./intake-metrics.ts";
import type { ProcessMetrics } from "./process-metrics.ts";
import { createStoreMetrics, type StoreMetrics } from "./store-metrics.ts";
import { readStreamMetrics } from "./stream-metrics.ts";

/** All that the worker counts. No label may come from an event or a request: their values have no bound. */
export type WorkerMetrics = {
  readonly intake: IntakeMetrics;
  readonly store: StoreMetrics;
  readonly http: HttpMetrics;
};

export function createWorkerMetrics(now: () => number): WorkerMetrics {
  return {
    intake: createIntakeMetrics(),
    store: createStoreMetrics(now),
    http: createHttpMetrics(),
  };
}

export type CollectDeps = {
  readonly metrics: WorkerMetrics;
  readonly process: ProcessMetrics;
  readonly checkReadiness: () => Promise<Readiness>;
  readonly engine: Pick<Engine, "readAsOfMs">;
  /** Undefined before it is there. */
  readonly manager: () => JetStreamManager | undefined;
  readonly held: () => HeldMessages | undefined;
  readonly now: () => number;
};

/** A scrape waits 10 s by default. */
const TIMEOUT_MS = 2_000;

/** Collects what a scrape is answered. What cannot be asked now is left out, but for freshness, which gets worse meanwhile. */
export function createCollector(deps: CollectDeps): () => Promise<Metric[]> {
  const { metrics, now } = deps;
  let asOfMs: number | undefined;

  return async () => {
    const manager = deps.manager();
    const [parts, process, stream] = await Promise.all([
      deps.checkReadiness(),
      deps.process.metrics(),
      manager === undefined ? [] : orNothing(readStreamMetrics(manager, now)),
      lookAtFreshness(),
    ]);
    return [
      gauge(
        "sluice_worker_part_ok",
        "1 while a part behind the worker answers, as in /readyz",
        Object.entries(parts).map(([part, { ok }]) => ({ labels: { part }, value: ok ? 1 : 0 })),
      ),
      ...metrics.intake.metrics(deps.held()),
      ...metrics.store.metrics(),
      ...stream,
      gauge(
        "sluice_freshness_seconds",
        "How old statistics are: since the time up to which everything received is in every answer; left out before that is known",
        asOfMs === undefined ? [] : Math.max(0, (now() - asOfMs) / 1_000),
      ),
      ...metrics.http.metrics(),
      ...process,
    ];
  };

  async function lookAtFreshness(): Promise<void> {
    try {
      asOfMs = (await withTimeLimit(TIMEOUT_MS, deps.engine.readAsOfMs())) ?? asOfMs;
    } catch {
      // What was true stays true, and is told.
    }
  }
}

async function orNothing(reading: Promise<Metric[]>): Promise<Metric[]> {
  try {
    return await withTimeLimit(TIMEOUT_MS, reading);
  } catch {
    return [];
  }
}
