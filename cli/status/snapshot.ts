import { type Answer, valueIn } from "../parts/answer.ts";
import type { StreamsState } from "../parts/look-at-nats.ts";
import type { Samples } from "../parts/parse-exposition.ts";
import { quantile, ratePerSecond } from "./rates.ts";
import type { Source } from "./source.ts";
import type { ReadinessReply, Sources } from "./sources.ts";

/** How the pipeline is. What is not known is null. */
export type Snapshot = {
  readonly at: string;
  readonly accepted_per_second: number | null;
  readonly rejected_per_second: number | null;
  readonly duplicate_per_second: number | null;
  readonly stored_per_second: number | null;
  readonly queries_per_second: number | null;
  readonly query_p95_seconds: number | null;
  readonly lag: { messages: number; bytes: number; seconds: number | null } | null;
  readonly freshness_seconds: number | null;
  readonly outbox: { messages: number; events: number; bytes: number; seconds: number } | null;
  readonly dead_letters: number | null;
  readonly stream: { messages: number; bytes: number; max_bytes: number } | null;
  readonly archiver: { last_success: string | null; floor: string | null; failed: number } | null;
  readonly parts: Readonly<Record<PartName, PartState>>;
};

type PartName = "edge" | "worker" | "nats";

export type PartState = {
  /** `ready`, `degraded` or `not-ready`; `away` for one that does not answer, `unknown` without access. */
  readonly state: string;
  /** Why it is away. */
  readonly reason: string | null;
  /** What it says of the parts behind it. */
  readonly behind: Readonly<Record<string, string>>;
};

export function takeSnapshot(sources: Sources, nowMs: number): Snapshot {
  const edge = valueIn(sources.edge?.latest());
  const edgeCounts = alive(sources.edgeCounts);
  const workerCounts = alive(sources.workerCounts);
  const samples = workerCounts.at(-1)?.value.samples;
  const streams = valueIn(sources.streams?.latest());
  return {
    at: new Date(nowMs).toISOString(),
    accepted_per_second: orNull(ratePerSecond(edgeCounts, ({ accepted }) => accepted)),
    rejected_per_second: orNull(ratePerSecond(edgeCounts, ({ rejected }) => rejected)),
    duplicate_per_second: orNull(ratePerSecond(edgeCounts, ({ duplicate }) => duplicate)),
    stored_per_second: orNull(ratePerSecond(workerCounts, ({ stored }) => stored)),
    queries_per_second: orNull(
      ratePerSecond(edgeCounts, ({ queries }) => queries.at(-1)?.count ?? 0),
    ),
    query_p95_seconds: orNull(quantile(edgeCounts, ({ queries }) => queries, 0.95)),
    ...(streams === undefined ? streamOfWorker(samples) : streamOf(streams, nowMs)),
    freshness_seconds: orNull(samples?.max("sluice_freshness_seconds")),
    outbox: outboxOf(edge),
    archiver: archiverOf(samples),
    parts: {
      edge: stateOf(sources.edge?.latest()),
      worker: stateOf(sources.worker?.latest()),
      nats: stateOfStreams(sources.streams?.latest()),
    },
  };
}

/** Whether any part answered. */
export function isBlind({ parts }: Snapshot): boolean {
  return Object.values(parts).every(({ state }) => state === "away" || state === "unknown");
}

/** What was said lately is no rate of now once nothing is said any more. */
function alive<Value>(source: Source<Value> | undefined) {
  const latest = source?.latest();
  return source === undefined || latest === undefined || "failure" in latest
    ? []
    : source.history();
}

function streamOf(
  { events, dead, consumer, oldestUnackedMs }: StreamsState,
  nowMs: number,
): Pick<Snapshot, "lag" | "stream" | "dead_letters"> {
  const info = valueIn(events);
  const reader = valueIn(consumer);
  const oldestMs = valueIn(oldestUnackedMs);
  const { messages = 0, bytes = 0 } = info?.state ?? {};
  const unread = (reader?.num_pending ?? 0) + (reader?.num_ack_pending ?? 0);
  return {
    lag:
      info === undefined || reader === undefined
        ? null
        : {
            messages: unread,
            // The stream knows the size of all of its messages only.
            bytes: messages === 0 ? 0 : Math.round((bytes / messages) * Math.min(unread, messages)),
            seconds: oldestMs === undefined ? 0 : Math.max(0, (nowMs - oldestMs) / 1_000),
          },
    stream: info === undefined ? null : { messages, bytes, max_bytes: info.config.max_bytes },
    dead_letters: valueIn(dead)?.state.messages ?? null,
  };
}

/** The same from the worker's metrics, where NATS cannot be asked. */
function streamOfWorker(
  samples: Samples | undefined,
): Pick<Snapshot, "lag" | "stream" | "dead_letters"> {
  const lag = samples?.max("sluice_stream_lag_messages");
  if (samples === undefined || lag === undefined) {
    return { lag: null, stream: null, dead_letters: null };
  }
  const events = { stream: "EVENTS" };
  return {
    lag: {
      messages: lag,
      bytes: samples.sum("sluice_stream_lag_bytes"),
      seconds: orNull(samples.max("sluice_stream_lag_seconds")),
    },
    stream: {
      messages: samples.sum("sluice_stream_messages", events),
      bytes: samples.sum("sluice_stream_bytes", events),
      max_bytes: samples.sum("sluice_stream_max_bytes", events),
    },
    dead_letters: samples.sum("sluice_stream_messages", { stream: "EVENTS_DEAD" }),
  };
}

function outboxOf(edge: ReadinessReply | undefined): Snapshot["outbox"] {
  if (typeof edge?.outbox !== "object" || edge.outbox === null) return null;
  const { messages = 0, events = 0, bytes = 0, oldest_age_ms = 0 } = edge.outbox as Counts;
  return { messages, events, bytes, seconds: oldest_age_ms / 1_000 };
}

type Counts = Readonly<Record<string, number | undefined>>;

function archiverOf(samples: Samples | undefined): Snapshot["archiver"] {
  const runs = samples?.sum("sluice_archive_runs_total") ?? 0;
  if (samples === undefined || runs === 0) return null;
  return {
    last_success: instantOf(samples.max("sluice_archive_last_success_timestamp_seconds")),
    floor: instantOf(samples.max("sluice_archive_floor_timestamp_seconds")),
    failed: samples.sum("sluice_archive_runs_total", { outcome: "failed" }),
  };
}

function stateOf(answer: Answer<ReadinessReply> | undefined): PartState {
  if (answer === undefined) return { state: "unknown", reason: null, behind: {} };
  if ("failure" in answer) return { state: "away", reason: answer.failure, behind: {} };
  const { status, parts } = answer.value;
  const behind = Object.entries(parts).map(([name, part]) => [name, wordOf(part)]);
  return { state: status, reason: null, behind: Object.fromEntries(behind) };
}

/** The edge has a word for each part, the worker an object. */
function wordOf(part: unknown): string {
  if (typeof part === "string") return part;
  return Object(part).ok === true ? "ok" : "failed";
}

function stateOfStreams(answer: Answer<StreamsState> | undefined): PartState {
  if (answer === undefined) return { state: "unknown", reason: null, behind: {} };
  if ("failure" in answer) return { state: "away", reason: answer.failure, behind: {} };
  const { events, dead, consumer } = answer.value;
  const behind = { EVENTS: events, consumer, EVENTS_DEAD: dead };
  const words = Object.entries(behind).map(([name, one]) => [name, wordOfStream(one)]);
  const isReady = words.every(([, word]) => word === "ok");
  return {
    state: isReady ? "ready" : "not-ready",
    reason: null,
    behind: Object.fromEntries(words),
  };
}

function wordOfStream(answer: Answer<unknown>): string {
  if ("failure" in answer) return answer.failure;
  return answer.value === undefined ? "not there" : "ok";
}

function orNull(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toFixed(3));
}

function instantOf(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1_000).toISOString();
}
