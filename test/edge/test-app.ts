import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { decodeEnvelope, type Envelope } from "../../contract/envelope.ts";
import { createKey } from "../../contract/key.ts";
import { revocationField } from "../../contract/revocation.ts";
import { type AppDeps, createApp } from "../../edge/app.ts";
import { createAnswerCache } from "../../edge/cache/answer-cache.ts";
import { createCoarseGate } from "../../edge/limits/coarse-gate.ts";
import { createLimitCounters } from "../../edge/limits/limit-counters.ts";
import { createLocalLimits } from "../../edge/limits/local-limits.ts";
import { createQueryLimiter } from "../../edge/limits/query-limiter.ts";
import type { ProjectLimits } from "../../edge/limits/rate-limit.ts";
import { createRecentRefusals } from "../../edge/limits/recent-refusals.ts";
import { createEdgeCounters } from "../../edge/metrics/edge-counters.ts";
import { createTallySum } from "../../edge/metrics/tally.ts";
import { createTallyTeller } from "../../edge/metrics/tally-teller.ts";
import type { PublishOutcome, StreamMessage } from "../../edge/publish/nats-publisher.ts";
import type { StoreReader } from "../../edge/store/store-reader.ts";

export const SECRET = "a secret of at least 32 characters";
export const WRITE_CLAIMS = { scope: "w", projectId: "demo", kid: "k1" } as const;
export const WRITE_KEY = createKey(WRITE_CLAIMS, SECRET);
export const READ_KEY = createKey({ scope: "r", projectId: "demo", kid: "k1" }, SECRET);
export const ADMIN_KEY = createKey({ scope: "a", projectId: "demo", kid: "k1" }, SECRET);
/** Another project's reader, to whom nothing of the first exists. */
export const OTHER_KEY = createKey({ scope: "r", projectId: "other", kid: "k1" }, SECRET);
export const NOW_MS = Date.parse("2026-06-01T12:00:00Z");

export const LIMITS: ProjectLimits = {
  events: { perSecond: 50_000, burst: 100_000 },
  requests: { perSecond: 5_000, burst: 10_000 },
  queryUnits: { perSecond: 2_000, burst: 10_000 },
  eventsPerDay: undefined,
  requestsPerDay: undefined,
  concurrentQueries: 16,
};

/**
 * The app with doubles of what stands behind it, in memory. The publisher's double keeps JetStream's rule for message ids; tests
 * replace a part to have it fail.
 */
export function createTestApp(overrides: Partial<AppDeps> = {}) {
  const messages = new Map<string, StreamMessage>();
  const seen = new Set<string>();
  const logs: string[] = [];
  /** As `revocationField` names them. */
  const revoked = new Set<string>();
  const log = (message: string) => void logs.push(message);
  const logger = { info: log, warn: log, error: log };
  const now = overrides.now ?? (() => NOW_MS);
  const limitCounters = createLimitCounters();
  const localLimits = createLocalLimits(now);
  const revocations: AppDeps["revocations"] = overrides.revocations ?? {
    isRevoked: (claims) => revoked.has(revocationField(claims)),
    status: () => ({ count: revoked.size, ageMs: undefined, unchecked: 0 }),
  };
  const told = createTallySum();
  const counters = createEdgeCounters({ limits: limitCounters, revocations: revocations.status });
  const deps: AppDeps = {
    keySecrets: [SECRET],
    logger,
    now,
    limitCounters,
    limitsOf: () => LIMITS,
    localLimits,
    refusals: createRecentRefusals(now),
    queries: createQueryLimiter({
      budget: { spend: async () => undefined },
      limitsOf: () => LIMITS,
      localLimits,
      counters: limitCounters,
      now,
    }),
    gate: createCoarseGate({
      project: undefined,
      refusedKeys: undefined,
      counters: limitCounters,
      logger,
      now,
    }),
    revocations,
    counters,
    tallies: {
      // At a scrape only: no test waits for a timer.
      soon() {},
      now: createTallyTeller({
        read: counters.metrics,
        tell: async (tally) => told.add(tally),
        clock: now,
        delay: async () => {},
      }).now,
    },
    maxEventAgeMs: 7300 * 86_400_000,
    maxWaitMs: 200,
    memory: {
      admit: async (projectId, ids) => ({
        rateLimit: undefined,
        seenIds: new Set(ids.filter((id) => seen.has(`${projectId}:${id}`))),
      }),
      markSeen: async (projectId, ids) => {
        for (const id of ids) seen.add(`${projectId}:${id}`);
      },
      isSeen: async (projectId, id) => seen.has(`${projectId}:${id}`),
    },
    publisher: {
      publish: async (batch) =>
        batch.map((message): PublishOutcome => {
          const isRepeated = messages.has(message.messageId);
          messages.set(message.messageId, message);
          return { status: isRepeated ? "duplicate" : "stored" };
        }),
      ping: async () => {},
      reports: async () => [
        { name: "weur-0", status: { isReachable: true, outbox: EMPTY, counts: told.total } },
      ],
    },
    store: emptyStore(),
    worker: undefined,
    answers: createAnswerCache({ now, shared: undefined }),
    deadLetters: undefined,
    pingRedis: async () => "PONG",
    pingDatabase: async () => [],
    redisCircuit: { state: "closed" },
    metricsToken: undefined,
    ...overrides,
  };
  const app = createApp(deps);
  return {
    deps,
    logs,
    seen,
    revoked,
    /** Every route with the middleware before it. */
    routes: app.routes,
    /** Answers a request, and waits for what it left to `waitUntil`. */
    async fetch(path: string, init: RequestInit = {}): Promise<Response> {
      const context = createExecutionContext();
      const request = new Request(new URL(path, "https://edge.test"), streaming(init));
      const response = await app.fetch(request, {}, context);
      await waitOnExecutionContext(context);
      return response;
    },
    published(): { subject: string; envelope: Envelope }[] {
      return [...messages.values()].map(({ subject, payload }) => ({
        subject,
        envelope: decodeEnvelope(payload),
      }));
    },
  };
}

const EMPTY = { messages: 0, events: 0, bytes: 0, maxBytes: 1_000, oldestAgeMs: 0 };

/** Node's requests stream no body without being told that it is read while it is sent. */
export function streaming(init: RequestInit): RequestInit {
  return init.body instanceof ReadableStream ? Object.assign({ duplex: "half" }, init) : init;
}

/** A store without a row, that cannot be asked for statistics. */
export function emptyStore(): StoreReader {
  return {
    readStats: async () => {
      throw new Error("no statistics in this test");
    },
    readPage: async () => ({ events: [], hasMore: false, asOf: null, sources: ["events"] }),
    findEvent: async () => ({ events: [], asOf: null }),
    hasAll: async () => false,
  };
}

/** A request that posts `body`, as JSON unless it is text or bytes already. */
export function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const isRaw =
    typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  return {
    method: "POST",
    headers: {
      authorization: `Bearer ${WRITE_KEY}`,
      "content-type": "application/json",
      ...headers,
    },
    body: isRaw ? (body as BodyInit) : JSON.stringify(body),
  };
}

export function sampleEvent(index = 0): Record<string, unknown> {
  return {
    event_id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
    event_type: "signup",
    user_id: `user-${index}`,
    occurred_at: "2026-06-01T11:00:00+02:00",
    properties: { plan: "pro" },
  };
}
