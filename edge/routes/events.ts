import { Hono } from "hono";
import type { Event } from "../../contract/event.ts";
import type { WantedEvent } from "../../contract/event-reading.ts";
import type { IngestAnswer } from "../../contract/ingest-answer.ts";
import { RECEIPT_COST } from "../../contract/query-cost.ts";
import { admitEvents } from "../admit-events.ts";
import type { AppEnv } from "../app-env.ts";
import type { AnswerCache } from "../cache/answer-cache.ts";
import { decodeEvents } from "../http/decode-events.ts";
import { ProblemError } from "../http/problem.ts";
import { readBody } from "../http/read-body.ts";
import { originOf } from "../http/request-origin.ts";
import { toIngestAnswer } from "../ingest-answer.ts";
import { refuseEarly } from "../limits/limit-ingest.ts";
import type { QueryLimiter } from "../limits/query-limiter.ts";
import { rateLimitHeaders } from "../limits/rate-limit.ts";
import { countAnswer } from "../metrics/count-answer.ts";
import type { EdgeCounters } from "../metrics/edge-counters.ts";
import type { StoreReader } from "../store/store-reader.ts";
import { type StoreDeps, storeEvents } from "../store-events.ts";
import { waitUntilStored } from "../wait-until-stored.ts";

export type EventsDeps = StoreDeps & {
  readonly now: () => number;
  readonly maxEventAgeMs: number;
  readonly store: Pick<StoreReader, "hasAll">;
  readonly answers: Pick<AnswerCache, "forget">;
  readonly queries: QueryLimiter;
  /** Of a request that waits for its rows. */
  readonly maxWaitMs: number;
  readonly counters: EdgeCounters;
};

/** `POST /v1/events`: [refuse] → read → decode → admit → store → [wait] → answer. Behind `authenticate(["w"])`. */
export function eventsRoutes(deps: EventsDeps) {
  return new Hono<AppEnv>().post("/", async (c) => {
    const receivedAtMs = deps.now();
    const { projectId } = c.var.key;
    refuseEarly(projectId, deps);
    const listsAll = parseFlag("results", "all", c.req.query("results"));
    const waits = parseFlag("wait", "stored", c.req.query("wait"));
    const idempotencyKey = parseIdempotencyKey(c.req.header("idempotency-key"));

    const body = await readBody(c.req.raw);
    const decoded = decodeEvents(body, c.req.header("content-type"));
    const { maxEventAgeMs } = deps;
    const admissions = admitEvents(decoded, {
      projectId,
      idempotencyKey,
      receivedAtMs,
      maxEventAgeMs,
    });
    const admitted = admissions.flatMap((one) => (one.status === "admitted" ? [one.encoded] : []));
    if (admitted.length === 0) {
      const answer = toIngestAnswer(admissions, NO_IDS, false);
      countAnswer(admissions, answer, deps.counters);
      throw allRejected(answer);
    }

    const { duplicateIds, rateLimit } = await storeEvents(
      admitted,
      {
        projectId,
        requestId: c.var.requestId,
        receivedAtMs,
        origin: originOf(c.req.raw),
        waitUntil: (work) => c.executionCtx.waitUntil(work),
      },
      deps,
    );
    const answer: IngestAnswer = toIngestAnswer(admissions, duplicateIds, listsAll);
    countAnswer(admissions, answer, deps.counters);
    if (waits) {
      const wanted = admitted.map(({ event }) => toWanted(event, duplicateIds));
      answer.stored = await waitUntilStored(projectId, wanted, limitedStore(deps), deps.maxWaitMs);
      // Whoever waits wants to read what it has written.
      deps.answers.forget(projectId);
    }
    return c.json(answer, 202, rateLimit === undefined ? DEGRADED : rateLimitHeaders(rateLimit));
  });
}

/** A look for rows is a question like any other. One that is refused has not found them yet. */
function limitedStore({ store, queries }: EventsDeps): Pick<StoreReader, "hasAll"> {
  return {
    async hasAll(projectId, wanted, timeoutMs) {
      const look = () => store.hasAll(projectId, wanted, timeoutMs);
      return (await queries.run(projectId, RECEIPT_COST, look)).answer;
    },
  };
}

/** Redis did not answer: the events were neither counted nor deduplicated, and are durable all the same. */
const DEGRADED = { "sluice-degraded": "redis" };

/** A parameter with one possible value: whether it is there. */
function parseFlag(name: string, value: string, text: string | undefined): boolean {
  if (text === undefined || text === value) return text === value;
  throw new ProblemError("invalid-query", {
    errors: [{ pointer: `/${name}`, detail: `${name} can only be "${value}"` }],
  });
}

/** A duplicate's row may have another time than this request's event: the one it was first sent with. */
function toWanted(event: Event, duplicateIds: ReadonlySet<string>): WantedEvent {
  const { event_id, occurred_at } = event;
  return { eventId: event_id, occurredAt: duplicateIds.has(event_id) ? undefined : occurred_at };
}

/** A structured-field string or a bare token (draft-ietf-httpapi-idempotency-key-header); only its being the same again matters. */
function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new ProblemError("invalid-header", {
    detail: "Idempotency-Key must be 1 to 255 visible ASCII characters",
  });
}

const NO_IDS: ReadonlySet<string> = new Set();

function allRejected(extensions: IngestAnswer): ProblemError {
  return new ProblemError("all-events-rejected", {
    detail: "No event of this request was stored; results says why",
    extensions,
  });
}
