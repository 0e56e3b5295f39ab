import type { Access } from "../parts/access.ts";
import type { Answer } from "../parts/answer.ts";
import { askHttp, type HttpReply } from "../parts/ask-http.ts";
import type { StreamsState } from "../parts/look-at-nats.ts";
import { parseExposition, type Samples } from "../parts/parse-exposition.ts";
import { createStreamsReader } from "../parts/streams-reader.ts";
import { resourceUrl } from "../target.ts";
import type { Buckets } from "./rates.ts";
import { createSource, type Source } from "./source.ts";

/** All that the picture is made of. Undefined: there is no access to it. */
export type Sources = {
  readonly edge: Source<ReadinessReply> | undefined;
  readonly edgeCounts: Source<EdgeCounts> | undefined;
  readonly worker: Source<ReadinessReply> | undefined;
  readonly workerCounts: Source<WorkerCounts> | undefined;
  readonly streams: Source<StreamsState> | undefined;
};

/** The `/readyz` of edge or worker. */
export type ReadinessReply = {
  readonly status: string;
  readonly parts: Readonly<Record<string, unknown>>;
  readonly outbox: unknown;
};

export type EdgeCounts = {
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicate: number;
  /** Of requests that ask for statistics or rows, whoever answers them. */
  readonly queries: Buckets;
};

export type WorkerCounts = {
  readonly stored: number;
  readonly samples: Samples;
};

/** The edge waits 2 s for each part behind it; for its metrics it then asks its publishers as long. */
const READINESS_TIMEOUT_MS = 3_000;
const METRICS_TIMEOUT_MS = 5_000;

export function createSources(
  { edge, worker, nats }: Pick<Access, "edge" | "worker" | "nats">,
  now: () => number,
): Sources {
  const streams = nats && createStreamsReader(nats);
  return {
    edge: edge && createSource(() => askReadiness(edge.url), now),
    edgeCounts:
      edge?.metricsToken === undefined
        ? undefined
        : createSource(() => askMetrics(edge.url, edge.metricsToken, readEdgeCounts), now),
    worker: worker && createSource(() => askReadiness(worker.url, worker.token), now),
    workerCounts:
      worker?.token === undefined
        ? undefined
        : createSource(() => askMetrics(worker.url, worker.token, readWorkerCounts), now),
    streams: streams && createSource(streams.read, now),
  };
}

export function allOf(sources: Sources): readonly Source<unknown>[] {
  return Object.values(sources).filter((source) => source !== undefined);
}

async function askReadiness(base: URL, token?: string): Promise<Answer<ReadinessReply>> {
  const answer = await askHttp(resourceUrl(base, "readyz"), READINESS_TIMEOUT_MS, { token });
  return map(answer, ({ status, body }) => {
    const { parts, outbox } = body;
    if (typeof parts !== "object" || parts === null) return `it answers ${status}`;
    const word = typeof body.status === "string" ? body.status : "not-ready";
    return { status: word, parts: parts as ReadinessReply["parts"], outbox };
  });
}

async function askMetrics<Counts extends object>(
  base: URL,
  token: string | undefined,
  read: (samples: Samples) => Counts,
): Promise<Answer<Counts>> {
  const answer = await askHttp(resourceUrl(base, "metrics"), METRICS_TIMEOUT_MS, { token });
  return map(answer, ({ status, text }) =>
    status === 200 ? read(parseExposition(text)) : `it answers ${status}`,
  );
}

/** A text is why the reply will not do. */
function map<Value extends object>(
  answer: Answer<HttpReply>,
  read: (reply: HttpReply) => Value | string,
): Answer<Value> {
  if ("failure" in answer) return answer;
  const value = read(answer.value);
  return typeof value === "string" ? { failure: value } : { value, tookMs: answer.tookMs };
}

const QUERY_ROUTES = ["stats", "query", "event_pages"];

function readEdgeCounts(samples: Samples): EdgeCounts {
  const events = (outcome: string) => samples.sum("sluice_edge_events_total", { outcome });
  return {
    accepted: events("accepted"),
    rejected: events("rejected"),
    duplicate: events("duplicate"),
    queries: readBuckets(samples),
  };
}

function readBuckets(samples: Samples): Buckets {
  const counts = new Map<number, number>();
  for (const route of QUERY_ROUTES) {
    for (const { labels, value } of samples.find("sluice_edge_request_duration_seconds_bucket", {
      route,
    })) {
      const le = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le);
      counts.set(le, (counts.get(le) ?? 0) + value);
    }
  }
  return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le);
}

function readWorkerCounts(samples: Samples): WorkerCounts {
  return { stored: samples.sum("sluice_worker_events_total", { outcome: "stored" }), samples };
}
