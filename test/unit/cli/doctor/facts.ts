import type { ConsumerInfo, StreamInfo } from "@nats-io/jetstream";
import type { Finding } from "../../../../cli/doctor/finding.ts";
import type { Access } from "../../../../cli/parts/access.ts";
import type { Answer } from "../../../../cli/parts/answer.ts";
import type { HttpReply } from "../../../../cli/parts/ask-http.ts";
import type { DatabaseFacts } from "../../../../cli/parts/look-at-database.ts";
import type { EdgeFacts } from "../../../../cli/parts/look-at-edge.ts";
import type { NatsFacts, StreamsFacts } from "../../../../cli/parts/look-at-nats.ts";
import type { WorkerFacts } from "../../../../cli/parts/look-at-worker.ts";
import {
  deadStreamWish,
  eventsStreamWish,
  storeConsumerWish,
} from "../../../../contract/stream-wish.ts";

/** Facts of a deployment that is well, to be changed where a test wants something else. */

export const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
export const NAMED: Access["deployment"] = { kind: "named", by: ["SLUICE_URL"] };
export const LOCAL: Access["deployment"] = { kind: "local", dataDir: ".data", pids: {} };

export function told<Value>(value: Value, tookMs = 4): Answer<Value> {
  return { value, tookMs };
}

export const SILENT = { failure: "no answer within 2.5 s" };

export function reply(status: number, body: unknown = {}, text = JSON.stringify(body)): HttpReply {
  return {
    status,
    text,
    body: Object(body) as HttpReply["body"],
    clock: undefined,
    sentMs: NOW_MS,
    receivedMs: NOW_MS,
  };
}

export function accessTo(given: Partial<Access> = {}): Access {
  return {
    deployment: NAMED,
    edge: undefined,
    keys: [],
    worker: undefined,
    nats: undefined,
    redisHttp: undefined,
    redis: undefined,
    database: undefined,
    databaseHttp: undefined,
    keySecrets: [],
    settings: {},
    faults: [],
    ...given,
  };
}

const NO_OUTBOX = { messages: 0, events: 0, bytes: 0, oldest_age_ms: 0 };

export function readiness(parts: Record<string, string> = {}, outbox: object = NO_OUTBOX) {
  const all = { redis: "ok", stream: "ok", outbox: "ok", database: "ok", ...parts };
  return told(reply(200, { status: "ready", parts: all, outbox }));
}

export function edgeFacts(given: Partial<EdgeFacts> = {}): EdgeFacts {
  return {
    url: new URL("https://edge.test"),
    health: told(reply(200, { status: "ok" })),
    readiness: readiness(),
    metrics: told(reply(200, {}, "sluice_revocation_unchecked_total 0\n")),
    keys: [],
    ...given,
  };
}

export function workerFacts(given: Partial<WorkerFacts> = {}): WorkerFacts {
  return {
    url: new URL("http://worker.test"),
    health: told(reply(200, { status: "ok" })),
    readiness: told(reply(200, { parts: { nats: { ok: true }, database: { ok: true } } })),
    metrics: told(reply(200, {}, "nodejs_eventloop_lag_p99_seconds 0.02\n")),
    ...given,
  };
}

const OPTIONS = { maxBytes: 8_000_000, maxAgeHours: 72, replicas: 1 };

export function eventsInfo(config: object = {}, state: object = {}): StreamInfo {
  return streamInfo({ ...eventsStreamWish(OPTIONS), ...config }, state);
}

export function deadInfo(config: object = {}, state: object = {}): StreamInfo {
  return streamInfo({ ...deadStreamWish(OPTIONS), ...config }, state);
}

function streamInfo(config: object, state: object): StreamInfo {
  const known = { messages: 0, bytes: 0, first_seq: 1, last_seq: 0 };
  return { config, state: { ...known, ...state } } as StreamInfo;
}

export function consumerInfo(given: object = {}): ConsumerInfo {
  const config = storeConsumerWish(10_000);
  return { config, num_pending: 0, num_ack_pending: 0, ...given } as ConsumerInfo;
}

export function streamsFacts(given: Partial<StreamsFacts> = {}): StreamsFacts {
  return {
    events: told(eventsInfo()),
    dead: told(deadInfo()),
    consumer: told(consumerInfo()),
    oldestUnackedMs: told(undefined),
    probe: told({ fromMs: NOW_MS, toMs: NOW_MS, sentMs: NOW_MS, receivedMs: NOW_MS }),
    mayDeleteStreams: told(false),
    ...given,
  };
}

export function natsFacts(given: Partial<NatsFacts> = {}): NatsFacts {
  const server = { version: "2.12.1", hasJetStream: true, maxPayload: 1_048_576 };
  return {
    target: { servers: ["nats:4222"], isTls: false, user: "operator" },
    servers: [{ name: "nats:4222", answer: told(server) }],
    streams: streamsFacts(),
    ...given,
  };
}

export function databaseFacts(given: Partial<DatabaseFacts> = {}): DatabaseFacts {
  return {
    version: "17.5",
    versionNumber: 170_005,
    isWasm: false,
    timescale: "2.26.4",
    edition: "community",
    user: "sluice_edge",
    isSuperuser: false,
    isReadOnly: false,
    mayWrite: false,
    mayRead: true,
    isHypertable: true,
    aggregates: 2,
    connections: 5,
    maxConnections: 100,
    bytes: 1_000_000,
    clock: { fromMs: NOW_MS, toMs: NOW_MS, sentMs: NOW_MS, receivedMs: NOW_MS },
    ...given,
  };
}

/** `level what: detail → fix` of each that is not well, as one can read it. */
export function complaints(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ level }) => level !== "ok")
    .map(({ level, what, detail, fix }) =>
      [`${level} ${what}: ${detail}`, ...(fix === undefined ? [] : [fix])].join(" → "),
    );
}
