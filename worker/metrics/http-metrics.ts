import { createCounter } from "../../contract/metrics/counter.ts";
import { createHistogram } from "../../contract/metrics/histogram.ts";
import { gauge, type Metric } from "../../contract/metrics/metric.ts";
import { READ_KINDS, type ReadKind } from "../../contract/metrics/read-kind.ts";
import { STATUS_CLASSES, statusClassOf } from "../../contract/metrics/status-class.ts";

export const HTTP_ROUTES = [
  "health",
  "metrics",
  "dead_letters",
  "query",
  "export",
  "erase",
  "archive",
  "other",
] as const;
export type HttpRoute = (typeof HTTP_ROUTES)[number];

/** Which tiers an answer came from; an engine does not tell of looks for single events. */
const QUERY_SOURCES = ["hot", "cold", "both", "untold"] as const;

const WORK = ["query", "export"] as const;
type Work = (typeof WORK)[number];

/** How much of a kind of work there is now. */
export type WorkLoad = { readonly running: number; readonly waiting: number };

export type HttpMetrics = {
  answered(route: HttpRoute, status: number): void;
  /** @param sources as the engine names them; undefined when it does not */
  asked(kind: ReadKind, sources: readonly string[] | undefined, seconds: number): void;
  queryFailed(reason: "timeout" | "refused" | "invalid" | "store" | "client_gone"): void;
  exported(outcome: "complete" | "failed" | "refused" | "client_gone"): void;
  erased(events: number): void;
  erasureFailed(): void;
  /** How much there is of a kind of work is asked when metrics are. */
  watch(work: Work, load: () => WorkLoad): void;
  metrics(): Metric[];
};

/** What the worker counts of requests to it. */
export function createHttpMetrics(): HttpMetrics {
  const requests = createCounter({
    name: "sluice_worker_requests_total",
    help: "Requests answered, by what they asked for and how they ended",
    labels: { route: HTTP_ROUTES, status: STATUS_CLASSES },
  });
  const querySeconds = createHistogram({
    name: "sluice_worker_query_duration_seconds",
    help: "How long a question took that was answered, waiting included, by its kind and the tiers that were read",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    labels: { kind: READ_KINDS, source: QUERY_SOURCES },
  });
  const queryFailures = createCounter({
    name: "sluice_worker_query_failures_total",
    help: "Questions without an answer: refused found no place in the queue, store is the store's failure",
    labels: { reason: ["timeout", "refused", "invalid", "store", "client_gone"] },
  });
  const exports = createCounter({
    name: "sluice_worker_exports_total",
    help: "Exports by how they ended",
    labels: { outcome: ["complete", "failed", "refused", "client_gone"] },
  });
  const erasures = createCounter({
    name: "sluice_worker_erasures_total",
    help: "Erasures of users by how they ended",
    labels: { outcome: ["done", "failed"] },
  });
  const erasedEvents = createCounter({
    name: "sluice_worker_erased_events_total",
    help: "Events and dead letters that erasures removed",
  });
  const loads = new Map<Work, () => WorkLoad>();

  return {
    answered(route, code) {
      requests.add(1, { route, status: statusClassOf(code) });
    },
    asked: (kind, sources, seconds) =>
      querySeconds.observe(seconds, { kind, source: sourceOf(sources) }),
    queryFailed: (reason) => queryFailures.add(1, { reason }),
    exported: (outcome) => exports.add(1, { outcome }),
    erased(events) {
      erasures.add(1, { outcome: "done" });
      erasedEvents.add(events);
    },
    erasureFailed: () => erasures.add(1, { outcome: "failed" }),
    watch: (work, load) => void loads.set(work, load),
    metrics: () => {
      const now = [...loads].map(([work, load]) => ({ labels: { work }, ...load() }));
      return [
        requests.metric(),
        querySeconds.metric(),
        queryFailures.metric(),
        gauge(
          "sluice_worker_work_running",
          "Questions and exports that the store is at",
          now.map(({ labels, running }) => ({ labels, value: running })),
        ),
        gauge(
          "sluice_worker_work_waiting",
          "Questions and exports that wait for a place",
          now.map(({ labels, waiting }) => ({ labels, value: waiting })),
        ),
        exports.metric(),
        erasures.metric(),
        erasedEvents.metric(),
      ];
    },
  };
}

function sourceOf(sources: readonly string[] | undefined): (typeof QUERY_SOURCES)[number] {
  if (sources === undefined) return "untold";
  if (!sources.includes("cold")) return "hot";
  return sources.length === 1 ? "cold" : "both";
}
