import type { Metric, Sample } from "../contract/metrics/metric.ts";
import type { CircuitState } from "./circuit-breaker.ts";
import type { LimitCounters } from "./limit-counters.ts";
import type { PublisherStatus } from "./publisher.ts";
import type { PublisherReport } from "./publisher-pool.ts";
import type { RevocationStatus } from "./revocation-list.ts";

const CIRCUIT_VALUES: Record<CircuitState, number> = { closed: 0, "half-open": 1, open: 2 };

/** What an isolate knows: the publishers of its region, its own circuit to Redis and its own list of revoked keys. */
export function edgeMetrics(
  publishers: readonly PublisherReport[],
  redisCircuit: CircuitState,
  revocations: RevocationStatus,
  limits: Pick<LimitCounters, "refused" | "unchecked">,
): Metric[] {
  const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
    name,
    help,
    type: "gauge",
    samples,
  });
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
    gauge(
      "sluice_redis_breaker_state",
      "Whether this isolate asks Redis: 0 closed, it does; 1 half-open, one call probes; 2 open, it does not",
      [{ value: CIRCUIT_VALUES[redisCircuit] }],
    ),
    gauge("sluice_revocations", "Revoked keys that this isolate knows of", [
      { value: revocations.count },
    ]),
    gauge(
      "sluice_revocations_age_seconds",
      "Since this isolate last read the revoked keys from Redis; left out before it has",
      revocations.ageMs === undefined ? [] : [{ value: revocations.ageMs / 1_000 }],
    ),
    {
      name: "sluice_revocation_unchecked_total",
      help: "Requests of which this isolate let the key pass while it had no list of revoked keys",
      type: "counter",
      samples: [{ value: revocations.unchecked }],
    },
    {
      name: "sluice_rate_limited_total",
      help: "Requests that this isolate answered 429, by the limit that they exceeded",
      type: "counter",
      samples: labelled("limit", limits.refused),
    },
    {
      name: "sluice_rate_limit_unchecked_total",
      help: "Requests that this isolate let pass without a limit, since what counts them did not answer",
      type: "counter",
      samples: labelled("kind", limits.unchecked),
    },
  ];
}

function labelled(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
