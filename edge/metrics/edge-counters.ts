import { createCounter } from "../../contract/metrics/counter.ts";
import { createHistogram } from "../../contract/metrics/histogram.ts";
import type { Metric } from "../../contract/metrics/metric.ts";
import { READ_KINDS } from "../../contract/metrics/read-kind.ts";
import { STATUS_CLASSES } from "../../contract/metrics/status-class.ts";
import { rejectionCodeSchema } from "../../contract/rejection.ts";
import type { RevocationStatus } from "../keys/revocation-list.ts";
import type { LimitCounters } from "../limits/limit-counters.ts";
import { ROUTE_FAMILIES } from "./route-family.ts";

/** From what a cache in memory takes to the longest that anybody waits. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const READ_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/**
 * What one isolate counts. No label may come from a client: not a project, a key, a path or an event's type, whose number has no bound.
 */
export type EdgeCounters = ReturnType<typeof createEdgeCounters>;

export function createEdgeCounters(parts: {
  readonly limits: Pick<LimitCounters, "refused" | "unchecked">;
  readonly revocations: () => Pick<RevocationStatus, "unchecked">;
}) {
  const requests = createCounter({
    name: "sluice_edge_requests_total",
    help: "Requests answered, by what they asked for and how they ended",
    labels: { route: ROUTE_FAMILIES, status: STATUS_CLASSES },
  });
  const requestSeconds = createHistogram({
    name: "sluice_edge_request_duration_seconds",
    help: "From a request's arrival to the beginning of its answer",
    buckets: REQUEST_BUCKETS,
    labels: { route: ROUTE_FAMILIES },
  });
  const events = createCounter({
    name: "sluice_edge_events_total",
    help: "Events of requests to post some, by what their sender was told",
    labels: { outcome: ["accepted", "duplicate", "rejected"] },
  });
  const rejections = createCounter({
    name: "sluice_edge_event_rejections_total",
    help: "Rejected events by the code of their fault",
    labels: { code: rejectionCodeSchema.options },
  });
  const duplicates = createCounter({
    name: "sluice_edge_dedupe_hits_total",
    help: "Duplicate events by what knew them: Redis, the stream, or the request that had them twice",
    labels: { found_by: ["redis", "stream", "request"] },
  });
  const cacheAnswers = createCounter({
    name: "sluice_edge_cache_answers_total",
    help: "Answers of statistics, from the cache (hit), from the store (miss), or old while the store is asked (stale)",
    labels: { use: ["hit", "miss", "stale"] },
  });
  const querySeconds = createHistogram({
    name: "sluice_edge_query_duration_seconds",
    help: "How long a read took that was answered, by its kind and who was asked",
    buckets: READ_BUCKETS,
    labels: { kind: READ_KINDS, source: ["database", "worker"] },
  });
  const queryFailures = createCounter({
    name: "sluice_edge_query_failures_total",
    help: "Reads without an answer, by who was asked",
    labels: {
      source: ["database", "worker"],
      reason: ["timeout", "unavailable", "refused", "other"],
    },
  });
  return {
    requests,
    requestSeconds,
    events,
    rejections,
    duplicates,
    cacheAnswers,
    querySeconds,
    queryFailures,
    /** All of it, and what others count. */
    metrics: (): Metric[] => [
      ...[requests, requestSeconds, events, rejections, duplicates, cacheAnswers].map((one) =>
        one.metric(),
      ),
      querySeconds.metric(),
      queryFailures.metric(),
      labelled(
        "sluice_rate_limited_total",
        "Requests answered 429, by the limit that they exceeded",
        "limit",
        parts.limits.refused,
      ),
      labelled(
        "sluice_rate_limit_unchecked_total",
        "Requests that passed without their exact limit, since what counts them did not answer",
        "kind",
        parts.limits.unchecked,
      ),
      {
        name: "sluice_revocation_unchecked_total",
        help: "Requests whose key passed while its isolate had no list of revoked keys",
        type: "counter",
        samples: [{ labels: {}, value: parts.revocations().unchecked }],
      },
    ],
  };
}

function labelled(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): Metric {
  const samples = Object.entries(values).map(([text, value]) => ({
    labels: { [label]: text },
    value,
  }));
  return { name, help, type: "counter", samples };
}
