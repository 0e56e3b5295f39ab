import type { ReadKind } from "../../contract/metrics/read-kind.ts";
import type { SpanOptions } from "../../contract/trace/tracer.ts";
import { ProblemError } from "../http/problem.ts";
import type { EdgeCounters } from "../metrics/edge-counters.ts";
import { type TracingDeps, withSpan } from "../trace/with-span.ts";
import type { HotReader } from "./database-reader.ts";
import type { StoreReader } from "./store-reader.ts";

export type MeasureDeps = TracingDeps & {
  readonly counters: Pick<EdgeCounters, "querySeconds" | "queryFailures">;
  readonly now: () => number;
};

/** The same reads, of the database. */
export function measureHotReader(reader: HotReader, deps: MeasureDeps): HotReader {
  const time = createTimer("database", deps);
  return {
    readStats: (id, query) => time(query.kind, () => reader.readStats(id, query)),
    readPage: (id, query) => time("page", () => reader.readPage(id, query)),
    findEvent: (id, eventId) => time("event", () => reader.findEvent(id, eventId)),
    hasAll: (id, wanted, timeoutMs) => time("stored", () => reader.hasAll(id, wanted, timeoutMs)),
  };
}

/** The same reads, of the worker. */
export function measureStoreReader(reader: StoreReader, deps: MeasureDeps): StoreReader {
  const time = createTimer("worker", deps);
  return {
    readStats: (id, query) => time(query.kind, () => reader.readStats(id, query)),
    readPage: (id, query) => time("page", () => reader.readPage(id, query)),
    findEvent: (id, eventId) => time("event", () => reader.findEvent(id, eventId)),
    hasAll: (id, wanted, timeoutMs) => time("stored", () => reader.hasAll(id, wanted, timeoutMs)),
  };
}

function createTimer(source: "database" | "worker", deps: MeasureDeps) {
  const { counters, now } = deps;
  return async <Answer>(kind: ReadKind, ask: () => Promise<Answer>): Promise<Answer> => {
    const beganMs = now();
    try {
      const options: SpanOptions = { kind: "client", attributes: { "sluice.query": kind } };
      const answer = await withSpan(deps, `read ${source}`, options, ask);
      counters.querySeconds.observe((now() - beganMs) / 1_000, { kind, source });
      return answer;
    } catch (error) {
      counters.queryFailures.add(1, { source, reason: reasonOf(error) });
      throw error;
    }
  };
}

function reasonOf(error: unknown) {
  if (!(error instanceof ProblemError)) return "other";
  switch (error.slug) {
    case "store-timeout":
      return "timeout";
    case "store-unavailable":
      return "unavailable";
    case "invalid-query":
      return "refused";
    default:
      return "other";
  }
}
