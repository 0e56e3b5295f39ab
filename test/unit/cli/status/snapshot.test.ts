import { describe, expect, test } from "vitest";
import type { Answer } from "../../../../cli/parts/answer.ts";
import type { StreamsState } from "../../../../cli/parts/look-at-nats.ts";
import { parseExposition } from "../../../../cli/parts/parse-exposition.ts";
import { isBlind, takeSnapshot } from "../../../../cli/status/snapshot.ts";
import type { Said, Source } from "../../../../cli/status/source.ts";
import type {
  EdgeCounts,
  ReadinessReply,
  Sources,
  WorkerCounts,
} from "../../../../cli/status/sources.ts";
import { consumerInfo, deadInfo, eventsInfo, NOW_MS, told } from "../doctor/facts.ts";

const NOTHING: Sources = {
  edge: undefined,
  edgeCounts: undefined,
  worker: undefined,
  workerCounts: undefined,
  streams: undefined,
};
const AWAY = { failure: "nothing listens there (ECONNREFUSED)" };

/** A source that said these a second apart, and then perhaps nothing. */
function source<Value>(values: readonly Value[], latest?: Answer<Value>): Source<Value> {
  const history = values.map((value, index): Said<Value> => ({ atMs: index * 1_000, value }));
  const last = values.at(-1);
  const known = last === undefined ? AWAY : { value: last, tookMs: 1 };
  return { look: async () => {}, latest: () => latest ?? known, history: () => history };
}

function edgeCounts(given: Partial<EdgeCounts>): EdgeCounts {
  const queries = [{ le: Number.POSITIVE_INFINITY, count: 0 }];
  return { accepted: 0, rejected: 0, duplicate: 0, queries, ...given };
}

function workerCounts(stored: number, text = ""): WorkerCounts {
  return { stored, samples: parseExposition(text) };
}

function streams(given: Partial<StreamsState> = {}): StreamsState {
  return {
    events: told(eventsInfo({}, { messages: 10, bytes: 5_000 })),
    dead: told(deadInfo({}, { messages: 3 })),
    consumer: told(consumerInfo({ num_pending: 3, num_ack_pending: 1 })),
    oldestUnackedMs: told(NOW_MS - 7_500),
    ...given,
  };
}

describe("takeSnapshot()", () => {
  test("knows nothing without access", () => {
    const snapshot = takeSnapshot(NOTHING, NOW_MS);
    const { at, parts, ...rest } = snapshot;
    expect(at).toBe("2026-03-01T12:00:00.000Z");
    expect(Object.values(rest)).toEqual(Object.values(rest).map(() => null));
    expect(parts.edge).toEqual({ state: "unknown", reason: null, behind: {} });
    expect(isBlind(snapshot)).toBe(true);
  });

  test("tells rates from what was counted", () => {
    const queries = (counts: number[]) =>
      [0.1, 1, Number.POSITIVE_INFINITY].map((le, index) => ({ le, count: counts[index] ?? 0 }));
    const snapshot = takeSnapshot(
      {
        ...NOTHING,
        edgeCounts: source([
          edgeCounts({ queries: queries([0, 0, 0]) }),
          edgeCounts({ accepted: 500, rejected: 2, queries: queries([20, 20, 20]) }),
        ]),
        workerCounts: source([workerCounts(100), workerCounts(580)]),
      },
      NOW_MS,
    );
    expect(snapshot).toMatchObject({
      accepted_per_second: 500,
      rejected_per_second: 2,
      duplicate_per_second: 0,
      stored_per_second: 480,
      queries_per_second: 20,
      query_p95_seconds: 0.095,
    });
  });

  test("has no rates of a part that is away by now", () => {
    const counts = [workerCounts(100), workerCounts(580, "sluice_freshness_seconds 1\n")];
    const away = source(counts, AWAY);
    const snapshot = takeSnapshot({ ...NOTHING, workerCounts: away }, NOW_MS);
    expect(snapshot).toMatchObject({ stored_per_second: null, freshness_seconds: null });
  });

  test("takes lag, letters and room from NATS, also while the worker is away", () => {
    const snapshot = takeSnapshot(
      { ...NOTHING, streams: source([streams()]), worker: source<ReadinessReply>([]) },
      NOW_MS,
    );
    expect(snapshot).toMatchObject({
      lag: { messages: 4, bytes: 2_000, seconds: 7.5 },
      dead_letters: 3,
      stream: { messages: 10, bytes: 5_000, max_bytes: 8_000_000 },
      parts: {
        worker: { state: "away", reason: AWAY.failure },
        nats: { state: "ready", behind: { EVENTS: "ok", consumer: "ok", EVENTS_DEAD: "ok" } },
      },
    });
    expect(isBlind(snapshot)).toBe(false);
  });

  test("names what of the streams is missing", () => {
    const broken = streams({ consumer: told(undefined), dead: AWAY });
    const { parts, lag, dead_letters } = takeSnapshot(
      { ...NOTHING, streams: source([broken]) },
      NOW_MS,
    );
    expect(parts.nats).toEqual({
      state: "not-ready",
      reason: null,
      behind: { EVENTS: "ok", consumer: "not there", EVENTS_DEAD: AWAY.failure },
    });
    expect([lag, dead_letters]).toEqual([null, null]);
  });

  test("takes them from the worker where NATS cannot be asked", () => {
    const text = `sluice_stream_lag_messages 9
sluice_stream_lag_bytes 90
sluice_stream_lag_seconds 1.5
sluice_stream_messages{stream="EVENTS"} 20
sluice_stream_messages{stream="EVENTS_DEAD"} 2
sluice_stream_bytes{stream="EVENTS"} 200
sluice_stream_max_bytes{stream="EVENTS"} 1000
sluice_freshness_seconds 0.25
sluice_archive_runs_total{outcome="done"} 3
sluice_archive_runs_total{outcome="failed"} 1
sluice_archive_last_success_timestamp_seconds 1767225600
`;
    const counts = source([workerCounts(0, text)]);
    expect(takeSnapshot({ ...NOTHING, workerCounts: counts }, NOW_MS)).toMatchObject({
      lag: { messages: 9, bytes: 90, seconds: 1.5 },
      dead_letters: 2,
      stream: { messages: 20, bytes: 200, max_bytes: 1_000 },
      freshness_seconds: 0.25,
      archiver: { last_success: "2026-01-01T00:00:00.000Z", floor: null, failed: 1 },
    });
  });

  test("tells the outbox and the parts as edge and worker have them", () => {
    const edge: ReadinessReply = {
      status: "degraded",
      parts: { redis: "no answer", stream: "ok" },
      outbox: { messages: 2, events: 20, bytes: 300, oldest_age_ms: 4_000 },
    };
    const parts = { nats: { ok: true }, database: { ok: false, error: "x" } };
    const worker: ReadinessReply = { status: "not-ready", parts, outbox: undefined };
    const sources = { ...NOTHING, edge: source([edge]), worker: source([worker]) };
    expect(takeSnapshot(sources, NOW_MS)).toMatchObject({
      outbox: { messages: 2, events: 20, bytes: 300, seconds: 4 },
      parts: {
        edge: { state: "degraded", behind: { redis: "no answer", stream: "ok" } },
        worker: { state: "not-ready", behind: { nats: "ok", database: "failed" } },
      },
    });
  });
});
