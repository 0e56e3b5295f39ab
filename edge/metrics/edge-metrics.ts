import { gauge, type Metric, type Sample } from "../../contract/metrics/metric.ts";
import type { RevocationStatus } from "../keys/revocation-list.ts";
import type { PublisherReport } from "../publish/event-publisher.ts";
import type { PublisherStatus } from "../publish/outbox-publisher.ts";
import type { Readiness } from "../readiness.ts";
import type { CircuitState } from "../redis/circuit-breaker.ts";
import type { EdgeCounters } from "./edge-counters.ts";
import { createPublisherCounters } from "./publisher-counters.ts";
import { withCounts } from "./tally.ts";

const CIRCUIT_VALUES: Record<CircuitState, number> = { closed: 0, "half-open": 1, open: 2 };

export type EdgeFindings = {
  readonly readiness: Readiness;
  readonly publishers: readonly PublisherReport[];
  readonly redisCircuit: CircuitState;
  readonly revocations: RevocationStatus;
};

/**
 * What a region says: its publishers, what the first of them was told by the region's isolates, and what the isolate that was met
 * knows itself.
 */
export function edgeMetrics(findings: EdgeFindings, counters: EdgeCounters): Metric[] {
  const { readiness, publishers, redisCircuit, revocations } = findings;
  const parts = Object.entries(readiness.parts).map(([part, state]) => ({
    labels: { part },
    value: state === "ok" ? 1 : 0,
  }));
  return [
    gauge(
      "sluice_edge_ready",
      "1 while events are accepted and statistics can be read, also with a part missing",
      readiness.status === "not-ready" ? 0 : 1,
    ),
    gauge(
      "sluice_edge_part_ok",
      "1 while a part behind the edge answers; outbox: while it is empty",
      parts,
    ),
    ...outboxMetrics(publishers),
    ...publisherCounts(publishers),
    gauge(
      "sluice_redis_breaker_state",
      "Whether this isolate asks Redis: 0 closed, it does; 1 half-open, one call probes; 2 open, it does not",
      CIRCUIT_VALUES[redisCircuit],
    ),
    gauge("sluice_revocations", "Revoked keys that this isolate knows of", revocations.count),
    gauge(
      "sluice_revocations_age_seconds",
      "Since this isolate last read the revoked keys from Redis; left out before it has",
      revocations.ageMs === undefined ? [] : revocations.ageMs / 1_000,
    ),
    ...isolateCounts(publishers, counters),
  ];
}

function outboxMetrics(publishers: readonly PublisherReport[]): Metric[] {
  /** One sample for each publisher that answered. */
  const each = (read: (status: PublisherStatus) => number): Sample[] =>
    publishers.flatMap(({ name, status }) =>
      status === undefined ? [] : [{ labels: { publisher: name }, value: read(status) }],
    );
  return [
    gauge(
      "sluice_outbox_messages",
      "Messages that wait in the publisher's outbox for NATS",
      each(({ outbox }) => outbox.messages),
    ),
    gauge(
      "sluice_outbox_events",
      "Events in the messages of the publisher's outbox",
      each(({ outbox }) => outbox.events),
    ),
    gauge(
      "sluice_outbox_bytes",
      "Size of the messages in the publisher's outbox",
      each(({ outbox }) => outbox.bytes),
    ),
    gauge(
      "sluice_outbox_max_bytes",
      "Size at which the outbox is full and events are answered 503",
      each(({ outbox }) => outbox.maxBytes),
    ),
    gauge(
      "sluice_outbox_oldest_age_seconds",
      "How long the oldest message has waited in the outbox, 0 when there is none",
      each(({ outbox }) => outbox.oldestAgeMs / 1_000),
    ),
    gauge(
      "sluice_publisher_reachable",
      "1 while NATS acknowledges what the publisher sends; 0 while it does not, or the publisher does not answer",
      publishers.map(({ name, status }) => ({
        labels: { publisher: name },
        value: status?.isReachable ? 1 : 0,
      })),
    ),
  ];
}

function publisherCounts(publishers: readonly PublisherReport[]): Metric[] {
  const known = createPublisherCounters().metrics();
  return known.map((metric) => ({
    ...metric,
    samples: publishers.flatMap(({ name, status }) =>
      status === undefined
        ? []
        : withCounts([metric], status.counts).flatMap(({ samples }) =>
            samples.map((sample) => ({ ...sample, labels: { publisher: name, ...sample.labels } })),
          ),
    ),
  }));
}

/** Of all isolates of the region, as far as they have told; left out while the publisher that adds them up does not answer. */
function isolateCounts(publishers: readonly PublisherReport[], counters: EdgeCounters): Metric[] {
  const counts = publishers[0]?.status?.counts;
  return counts === undefined ? [] : withCounts(counters.metrics(), counts);
}
