import type { EventReading } from "../../contract/event-reading.ts";
import { StatsQueryError } from "../../contract/query-parts.ts";
import { type StoreQuery, storeQuerySchema } from "../../contract/store-api.ts";
import { DAY_MS } from "../../contract/time-buckets.ts";
import { uuidV7EpochMs } from "../../contract/uuid.ts";
import type { Engine, EventReader } from "../engine.ts";
import type { HttpMetrics } from "../metrics/http-metrics.ts";
import type { Call } from "./call.ts";
import { HttpProblem } from "./problem.ts";
import { readJson } from "./read-json.ts";
import { sendJson } from "./send.ts";
import { toHttpProblem } from "./store-failure.ts";
import { createWorkQueue, QueueFullError } from "./work-queue.ts";

/** More at once only make each other slower; more in line would have given up before their turn. */
const MAX_CONCURRENT = 8;
const MAX_WAITING = 64;

export type QueryDeps = {
  readonly engine: Pick<Engine, "name" | "reader">;
  readonly metrics: Pick<HttpMetrics, "asked" | "queryFailed" | "watch">;
};

/** `POST /query`: one question to the store, answered within the time that its asker waits, or not at all. */
export function createQueryRoute({ engine, metrics }: QueryDeps) {
  const queue = createWorkQueue({ maxRunning: MAX_CONCURRENT, maxWaiting: MAX_WAITING });
  metrics.watch("query", () => queue.load);

  return async function answerQuery({ request, response, clientGone, trace }: Call): Promise<void> {
    const question = await readJson(request, storeQuerySchema);
    const expired = AbortSignal.timeout(question.timeout_ms);
    const signal = AbortSignal.any([expired, clientGone]);
    const beganMs = performance.now();
    const span = trace?.child("query", {
      attributes: { "sluice.query": kindOf(question), "sluice.project": question.project_id },
    });
    try {
      const asking = () => read(engine.reader, question, signal);
      const answer = await queue.run(question.project_id, asking, signal);
      metrics.asked(kindOf(question), sourcesOf(answer), (performance.now() - beganMs) / 1_000);
      span?.set({ "sluice.sources": sourcesOf(answer)?.join(",") });
      span?.end();
      sendJson(response, 200, answer);
    } catch (cause) {
      const reason = clientGone.aborted ? "client_gone" : reasonOf(cause, expired);
      metrics.queryFailed(reason);
      span?.end({ error: reason });
      if (!expired.aborted) throw toHttpProblem(cause, engine);
      const detail = `${engine.name} did not answer within ${question.timeout_ms / 1_000} s`;
      throw new HttpProblem("store-timeout", { detail, cause });
    }
  };
}

function kindOf(question: StoreQuery) {
  return question.read === "stats" ? question.query.kind : question.read;
}

function sourcesOf(answer: object): readonly string[] | undefined {
  return "sources" in answer ? (answer.sources as readonly string[]) : undefined;
}

function reasonOf(error: unknown, expired: AbortSignal) {
  if (expired.aborted) return "timeout";
  if (error instanceof QueueFullError) return "refused";
  return error instanceof StatsQueryError ? "invalid" : "store";
}

async function read(
  reader: EventReader,
  question: StoreQuery,
  signal: AbortSignal,
): Promise<object> {
  const { project_id: projectId } = question;
  switch (question.read) {
    case "stats":
      return reader.readStats(projectId, question.query, signal);
    case "page":
      return reader.readPage(projectId, question.query, signal);
    case "event":
      return findEvent(reader, projectId, question.event_id.toLowerCase(), signal);
    case "stored": {
      const wanted = question.wanted.map(({ event_id, occurred_at }) => ({
        eventId: event_id,
        occurredAt: occurred_at,
      }));
      return { stored: await reader.countStored(projectId, wanted, signal) };
    }
  }
}

/** A UUIDv7 is made, as a rule, when its event occurs: a look at two days is far cheaper than one at all time. */
async function findEvent(
  reader: EventReader,
  projectId: string,
  eventId: string,
  signal: AbortSignal,
): Promise<EventReading> {
  const epochMs = uuidV7EpochMs(eventId);
  // The first half of the 48 bits lasts until the year 6429.
  if (epochMs !== undefined && epochMs <= 2 ** 47) {
    const range = {
      from: new Date(epochMs - DAY_MS).toISOString(),
      to: new Date(epochMs + DAY_MS).toISOString(),
    };
    const likely = await reader.findEvent(projectId, eventId, range, signal);
    if (likely.events.length > 0) return likely;
  }
  return reader.findEvent(projectId, eventId, undefined, signal);
}
